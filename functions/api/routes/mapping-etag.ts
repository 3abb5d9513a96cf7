import * as z from 'zod';
import { problemsError, SyncError } from '../../../lib/model/errors.ts';
import { mappingName } from '../../../lib/model/mapping-name.ts';
import type { MappingView } from '../../../lib/model/stored-mapping.ts';

export const nameParam = { name: mappingName };
export const versionParams = { name: mappingName, version: z.string().regex(/^[1-9]\d{0,4}$/) };

/** What a caller has looked at: which version, which was the newest, and which was in force (0: none). */
export interface Seen {
  readonly version: number;
  readonly latest: number;
  readonly approved: number;
}

export const etagOf = ({ version, latest, approved }: Pick<MappingView, keyof Seen>): string =>
  `"${version}.${latest}.${approved ?? 0}"`;

/** Reads an etag back; undefined without the header. Throws `mapping_changed` for one that is none of ours. */
export function seenBy(ifMatch: string | undefined): Seen | undefined {
  if (ifMatch === undefined) return undefined;
  const [, ...numbers] = /^\s*"(\d{1,5})\.(\d{1,5})\.(\d{1,5})"\s*$/.exec(ifMatch) ?? [];
  const [version = 0, latest = 0, approved = 0] = numbers.map(Number);
  if (numbers.length === 0) throw new SyncError('mapping_changed', 'if-match holds no etag of a mapping');
  return { version, latest, approved };
}

/** The same where nobody may go on without having looked. */
export function mustHaveSeen(ifMatch: string | undefined): Seen {
  const seen = seenBy(ifMatch);
  if (seen) return seen;
  const hint = 'Send if-match with the etag of GET /api/sync/mappings/{name} or of one of its versions.';
  throw problemsError([{ code: 'required', message: 'expected the header if-match', hint }]);
}
