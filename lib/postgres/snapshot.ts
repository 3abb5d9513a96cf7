import type { Session } from './session.ts';

/** What the session sees now: `xmin:xmax:xip,xip,...`. */
export async function snapshotText(session: Session): Promise<string> {
  const [row] = await session.query('select pg_current_snapshot()::text');
  return row?.[0] ?? '1:1:';
}

/** A row holds the lower 32 bits of its transaction's id. */
const low = (xid: string) => BigInt(xid) % 2n ** 32n;

/**
 * SQL for whether row `alias` was written by a transaction that the snapshot does not see.
 *
 * Ids are compared on their circle of 2^32, as PostgreSQL does. A subtransaction of one that was open then is not known
 * here and counts as seen, so its row is taken for an unexplained difference: the careful side.
 */
export function writtenSince(alias: string, snapshot: string): string {
  const [, xmax = '1', open = ''] = snapshot.split(':');
  const xid = `${alias}.xmin::pg_catalog.text::pg_catalog.int8`;
  const later = `((${xid} - ${low(xmax)} + 4294967296) % 4294967296) < 2147483648`;
  const running = open.split(',').filter((x) => x !== '');
  return running.length === 0 ? later : `(${later} or ${xid} in (${running.map(low).join(', ')}))`;
}
