import { keyId, type RowKey } from '../model/change.ts';
import type { QuarantinePlace, StoredQuarantine } from '../model/quarantine.ts';
import type { RowCode } from '../model/row-code.ts';
import type { TablePlan } from '../model/table.ts';
import type { QuarantineQuery } from '../ports.ts';
import { columnSql, tableSql } from './columns.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import type { Session } from './session.ts';
import { byKey } from './sql.ts';

/** Characters of a value that are read; fewer are shown. */
const READ = 10_000;

const keyText = (place: QuarantinePlace | undefined) => (place ? JSON.stringify(place.key) : null);

/** Rows that a job put aside, by table and key; none where the target does not know the service. */
export async function listQuarantined(
  session: Session,
  jobId: string,
  { table, code, object, after, limit }: QuarantineQuery,
): Promise<readonly StoredQuarantine[]> {
  const rows = await session.query(
    `select q.table_no::text, to_json(q.key)::text, q.code, q.sqlstate, q.object,
            to_char(q.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
     from tf_sync.quarantine q
     where q.job_id = $1 and ($2::int is null or q.table_no = $2::int) and ($3::text is null or q.code = $3::text)
       and ($4::text is null or q.object = $4::text)
       and ($5::int is null or (q.table_no, q.key) > ($5::int, array(select jsonb_array_elements_text($6::jsonb))))
     order by q.table_no, q.key limit $7::int`,
    [
      jobId,
      table === undefined ? null : String(table),
      code ?? null,
      object ?? null,
      after ? String(after.table) : null,
      keyText(after),
      String(limit),
    ],
  );
  return rows.map(([n, key, reason, sqlstate, of, at]) => ({
    table: Number(n),
    key: JSON.parse(key ?? '[]') as RowKey, // written by quarantine
    code: reason as RowCode, // likewise
    ...(sqlstate != null && { sqlstate }),
    ...(of != null && { object: of }),
    at: at ?? '',
  }));
}

/** Values of some columns of the rows of these keys, as texts, by `keyId`; a row that is not there is left out. */
export async function valuesOf(
  session: Session,
  plan: TablePlan,
  columns: readonly string[],
  keys: readonly RowKey[],
): Promise<ReadonlyMap<string, readonly (string | null)[]>> {
  if (keys.length === 0) return new Map();
  const { side } = session;
  const { value } = columnSql(side, 't');
  const wanted = columns.flatMap((name) => plan.columns.find((c) => c.name === name) ?? []);
  const texts = wanted.map((c) => `pg_catalog.left((${value(c)})::pg_catalog.text, ${READ})`);
  const text = `select k.n::text, ${[...keyTexts(plan, side).slice(0, 1), ...texts].join(', ')}
    from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')}`;
  const rows = await session.transaction(() => session.query(text, keyArrays(plan, keys)), byKey(plan, side));
  return new Map(rows.map(([n, _, ...values]) => [keyId(keys[Number(n) - 1] as RowKey), values])); // n counts them
}
