import type { RowKey } from '../model/change.ts';
import type { PlannedChanges } from '../model/change-stream.ts';
import type { SettledChanges } from '../ports.ts';
import type { Session } from './session.ts';

/** Keys that wait, in their order here, from behind `after` on. */
export async function waitingKeys(
  session: Session,
  { table }: PlannedChanges,
  after: RowKey | undefined,
  limit: number,
): Promise<readonly RowKey[]> {
  const behind = after ? 'k.key > array(select jsonb_array_elements_text($3::jsonb))' : '$3::text is null';
  const rows = await session.query(
    `select to_json(k.key)::text from tf_sync.changed_key k where k.change_table = $1 and ${behind} order by k.key limit $2`,
    [String(table), String(limit), after ? JSON.stringify(after) : null],
  );
  return rows.map((r) => JSON.parse(r[0] ?? '[]') as RowKey); // an array of text
}

/**
 * What a job that ended well has taken care of, in the transaction that ends it: keys wait no more, but those of rows that
 * were put aside, which the next job is to meet again; tables that were compared whole are followed by keys from now on.
 */
export async function settleChanges(
  session: Session,
  jobId: string,
  settled: readonly SettledChanges[],
): Promise<void> {
  for (const { table, changes } of settled) {
    const { table: id, drains, stream: name, made, stamp } = changes;
    await session.query('delete from tf_sync.changed_key where change_table = $1 and drain <= $2', [
      String(id),
      String(drains),
    ]);
    await session.query(
      `insert into tf_sync.changed_key (change_table, key, drain)
       select $1, q.key, $2 from tf_sync.quarantine q where q.job_id = $3 and q.table_no = $4 on conflict do nothing`,
      [String(id), String(drains), jobId, String(table)],
    );
    if (changes.keys !== undefined) continue;
    await session.query(
      `update tf_sync.change_table t set stamp = $4, dirty = case when t.dirty > $2 then t.dirty end
       from tf_sync.change_stream s where t.id = $1 and s.stream = $5 and s.made = $3`,
      [String(id), String(drains), String(made), stamp, name],
    );
  }
}
