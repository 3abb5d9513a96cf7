import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';

const cursor = z.strictObject({
  v: z.literal(1),
  /** Sort key of the last job of the page before: `<created_at>#<job_id>`. */
  after: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
});

/** An opaque place in a list. */
export function encodeCursor(after: string): string {
  return Buffer.from(JSON.stringify({ v: 1, after })).toString('base64url');
}

/** Reads a place back; throws `cursor_invalid` for anything that `encodeCursor` cannot have made. */
export function decodeCursor(text: string): string {
  const parsed = cursor.safeParse(json(Buffer.from(text, 'base64url').toString()));
  if (parsed.success && encodeCursor(parsed.data.after) === text) return parsed.data.after;
  throw new SyncError('cursor_invalid', 'next_token was not issued by this API', {
    problems: [{ code: 'cursor_invalid', message: 'was not issued by this API', field: '/next_token' }],
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
