import type { Relation } from '../model/table.ts';
import { relationSql } from './columns.ts';
import type { Session } from './session.ts';
import { ident } from './sql.ts';

/** More are not counted. */
const MOST = 1_000;

/** Rows that a given key does not tell apart: NULL in a key column, or the same key again. Counts at most 1,000. */
export async function keyClashes(session: Session, table: Relation, key: readonly string[]): Promise<number> {
  const { mapped, inherited: only } = table;
  const from = `${relationSql({ name: mapped?.from ?? table, only, ...(mapped && { select: mapped.select }) })} t`;
  const columns = key.map((k) => `t.${ident(k)}`).join(', ');
  const nulls = key.map((k) => `t.${ident(k)} is null`).join(' or ');
  const [row] = await session.query(
    `select (select count(*) from (select from ${from} where ${nulls} limit ${MOST}) a)
          + (select count(*) from (select from ${from} where not (${nulls}) group by ${columns} having count(*) > 1 limit ${MOST}) b)`,
  );
  return Math.min(MOST, Number(row?.[0]));
}
