import type { RowKey } from '../model/change.ts';
import type { QuarantinedRow, SegmentId } from '../model/checkpoint.ts';
import type { FiledSegment } from '../ports.ts';
import { keyRows } from './key-rows.ts';
import type { Session } from './session.ts';

/** Notes rows that could not be applied, in the chunk's transaction; returns how many were not noted before. */
export async function quarantine(session: Session, id: SegmentId, rows: readonly QuarantinedRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const noted = await session.query(
    `insert into tf_sync.quarantine (job_id, table_no, key, code, sqlstate, object)
     select $1, $2, array(select jsonb_array_elements_text(k)), c, s, o
     from unnest($3::jsonb[], $4::text[], $5::text[], $6::text[]) u(k, c, s, o)
     on conflict do nothing returning 1`,
    [
      id.jobId,
      String(id.table),
      rows.map((r) => JSON.stringify(r.key)),
      rows.map((r) => r.code),
      rows.map((r) => r.sqlstate ?? null),
      rows.map((r) => r.object ?? null),
    ],
  );
  return noted.length;
}

/** Takes rows out of quarantine, in the chunk's transaction that applies them. */
export async function release(session: Session, id: SegmentId, keys: readonly RowKey[]): Promise<void> {
  if (keys.length === 0) return;
  await session.query(
    `delete from tf_sync.quarantine q using unnest($3::jsonb[]) k
     where q.job_id = $1 and q.table_no = $2 and q.key = array(select jsonb_array_elements_text(k))`,
    [id.jobId, String(id.table), keys.map((k) => JSON.stringify(k))],
  );
}

export async function quarantinedKeys(session: Session, jobId: string, table: number): Promise<readonly RowKey[]> {
  const rows = await session.query(
    'select to_json(key)::text from tf_sync.quarantine where job_id = $1 and table_no = $2',
    [jobId, String(table)],
  );
  return rows.map((r) => JSON.parse(r[0] ?? '[]') as RowKey); // written by quarantine
}

/** Rows of a segment that were put into quarantine for one of these reasons. */
export async function quarantinedFor(
  session: Session,
  { plan, segment }: FiledSegment,
  jobId: string,
  codes: readonly QuarantinedRow['code'][],
): Promise<readonly QuarantinedRow[]> {
  const rows = await session.query(
    `select to_json(q.key)::text, q.code, q.sqlstate, q.object from tf_sync.quarantine q
     where q.job_id = $1 and q.table_no = $2 and q.code = any($3::text[])`,
    [jobId, String(plan.table), codes],
  );
  const found = rows.map(
    ([key, code, sqlstate, object]): QuarantinedRow => ({
      key: JSON.parse(key ?? '[]') as RowKey, // written by quarantine
      code: code as QuarantinedRow['code'], // likewise
      ...(sqlstate != null && { sqlstate }),
      ...(object != null && { object }),
    }),
  );
  if (found.length === 0) return [];
  const keys = keyRows(
    plan,
    segment,
    found.map((q) => q.key),
    1,
  );
  const inside = await session.query(`select x.n::text from ${keys.sql} x`, keys.values);
  return inside.map(([n]) => found[Number(n) - 1] as QuarantinedRow); // n counts them
}
