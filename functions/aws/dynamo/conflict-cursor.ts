import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ConflictFilter } from '../../../lib/model/conflict.ts';
import { SyncError } from '../../../lib/model/errors.ts';

const cursor = z.strictObject({
  v: z.literal(1),
  /** Place of the last conflict that was looked at. */
  after: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,16}Z?#[\w-]{1,64}$/),
  /** Which list it is a place in. */
  of: z.string().length(16),
});

/** An opaque place in the list that a filter makes. */
export function encodePlace(after: string, filter: ConflictFilter): string {
  return Buffer.from(JSON.stringify({ v: 1, after, of: listOf(filter) })).toString('base64url');
}

/** Reads a place back; throws `cursor_invalid` for one of another job or filter, and for what was never made here. */
export function decodePlace(text: string, filter: ConflictFilter): string {
  const parsed = cursor.safeParse(json(Buffer.from(text, 'base64url').toString()));
  if (parsed.success && encodePlace(parsed.data.after, filter) === text) return parsed.data.after;
  const message = 'was not issued by this API for this job and these filters';
  throw new SyncError('cursor_invalid', `next_token ${message}`, {
    problems: [{ code: 'cursor_invalid', message, field: '/next_token' }],
  });
}

function listOf({ job_id, table, type, state, opened_from, opened_to }: ConflictFilter): string {
  const list = JSON.stringify([
    job_id,
    table ?? null,
    type ?? null,
    state ?? null,
    opened_from ?? null,
    opened_to ?? null,
  ]);
  return createHash('sha256').update(list).digest('base64url').slice(0, 16);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
