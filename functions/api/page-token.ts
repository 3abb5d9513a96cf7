import { createHash } from 'node:crypto';
import { canonicalJson } from '../../lib/audit/canonical-json.ts';
import { SyncError } from '../../lib/model/errors.ts';

/** What a token is good for: a route, a job and what was asked of them. */
export type PageOf = Readonly<Record<string, unknown>>;

const sum = (of: PageOf, place: string) =>
  createHash('sha256')
    .update(canonicalJson([of, place]))
    .digest('base64url')
    .slice(0, 22);

/**
 * An opaque place in an answer that comes in pages. It is bound to what was asked, so that it cannot be used with another
 * job or filter by mistake. It is no secret and gives no right: whoever makes one up finds another place of the same list.
 */
export function encodePage(of: PageOf, place: object): string {
  const text = canonicalJson(place);
  return Buffer.from(`${sum(of, text)}${text}`).toString('base64url');
}

/** Reads a place back. Throws `cursor_invalid` unless `encodePage` has made it for the same question. */
export function decodePage(of: PageOf, token: string): unknown {
  const whole = Buffer.from(token, 'base64url').toString();
  const text = whole.slice(22);
  if (whole.slice(0, 22) === sum(of, text) && Buffer.from(whole).toString('base64url') === token)
    return JSON.parse(text);
  throw new SyncError('cursor_invalid', 'next_token was not issued by this API for this job and these filters', {
    problems: [
      { code: 'cursor_invalid', message: 'was not issued for this job and these filters', field: '/next_token' },
    ],
  });
}
