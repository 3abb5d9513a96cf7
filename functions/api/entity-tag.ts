import type { EntityVersion, SeenVersion } from '../../lib/model/entity-tag.ts';
import { type ErrorCode, problemsError } from '../../lib/model/errors.ts';

export const tagOf = ({ revision, created_at }: EntityVersion): string => `"${revision}.${Date.parse(created_at)}"`;

export const ETAG = { etag: 'For if-match of a later PUT or DELETE.' } as const;

/** What the headers of a call say that the caller has seen. Throws `changed` for an etag that is none of ours. */
export function seenIn(headers: Readonly<Record<string, string | undefined>>, changed: ErrorCode): SeenVersion {
  if (headers['if-none-match']?.trim() === '*') return 'absent';
  const match = headers['if-match'];
  if (match === undefined) return undefined;
  const [, revision, created] = /^\s*"(\d{1,15})\.(\d{1,15})"\s*$/.exec(match) ?? [];
  if (revision === undefined || created === undefined)
    throw problemsError([{ code: changed, message: 'if-match holds no etag of this thing' }]);
  return { revision: Number(revision), created_at: new Date(Number(created)).toISOString() };
}
