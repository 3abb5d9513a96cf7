import type { EntityVersion, SeenVersion } from '../../lib/model/entity-tag.ts';

export const tagOf = ({ revision, created_at }: EntityVersion): string => `"${revision}.${Date.parse(created_at)}"`;

export const ETAG = { etag: 'For if-match of a later PUT or DELETE.' } as const;

/** Of an etag that is none of ours: no version is numbered so. A thing that is not there is missed before it is compared. */
const NONE: SeenVersion = { revision: 0, created_at: '' };

/** What the headers of a call say that the caller has seen. */
export function seenIn(headers: Readonly<Record<string, string | undefined>>): SeenVersion {
  if (headers['if-none-match']?.trim() === '*') return 'absent';
  const match = headers['if-match'];
  if (match === undefined) return undefined;
  const [, revision, created] = /^\s*"(\d{1,15})\.(\d{1,15})"\s*$/.exec(match) ?? [];
  if (revision === undefined || created === undefined) return NONE;
  return { revision: Number(revision), created_at: new Date(Number(created)).toISOString() };
}
