import { unusedValue } from '../data-types/unused.ts';
import type { Change } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { typeSql } from './columns.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** Columns that foreign keys with an ON UPDATE action refer to, and whether one of these would not follow but forget. */
async function followed(session: Session, plan: TablePlan): Promise<ReadonlyMap<string, boolean>> {
  const rows = await session.query(
    `select a.attname, bool_or(f.confupdtype <> 'c')::text
     from pg_constraint f cross join unnest(f.confkey) k(num) join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num
     where f.contype = 'f' and f.confrelid = $1::regclass and f.confupdtype in ('c', 'n', 'd')
       and current_setting('session_replication_role') <> 'replica'
     group by a.attname`,
    [relation(plan.target)],
  );
  return new Map(rows.map(([name, forgets]) => [name ?? '', forgets === 'true']));
}

/**
 * SQL that parked rows get, by column. Rows that refer to a parked value with ON UPDATE CASCADE go along to it and on to the
 * final one; NULL they would keep, and with SET NULL or SET DEFAULT they would lose the value for good. Throws `row_rejected`
 * when no unique index of the table has such a column.
 */
async function parkedValues(session: Session, plan: TablePlan): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const followers = await followed(session, plan);
  for (const { park } of plan.uniques ?? []) {
    const type = plan.columns.find((c) => c.name === park?.column)?.type;
    if (!park || !type || followers.get(park.column)) continue;
    const asNull = park.nullable && !followers.has(park.column);
    const value = asNull ? 'null' : unusedValue(type.base.name, park.declared, 's.n');
    if (value !== undefined) values.set(park.column, asNull ? value : `(${value})::${typeSql(type)}`);
  }
  if (values.size > 0) return values;
  const names = (plan.uniques ?? []).map((u) => u.name).join(', ');
  throw new SyncError(
    'row_rejected',
    `Rows of ${relationText(plan.target)} exchange unique values (${names}), and no column could hold another value meanwhile.`,
    { facts: { sqlstate: '23505', constraint: names, side: 'target' } },
  );
}

/** What the statement needs to know of the rows: `s(c1, ..., n, h1, h2)` and how they are told to be as expected. */
export interface RowsAsExpected {
  readonly with: string;
  readonly target: string;
  readonly where: string;
  readonly values: readonly unknown[];
  /** Name of a mapped column in `s`. */
  readonly position: (column: string) => string;
}

/**
 * Moves rows out of each other's way: those that change a column of a unique index give up its value until the real
 * update, so that no order of the rows can clash. Answers which of the changes were parked.
 *
 *   a: 1 -> 2        a: NULL        a: 2
 *   b: 2 -> 1   ->   b: NULL   ->   b: 1
 *
 * By UPDATE, never DELETE and INSERT: a delete could cascade to rows that stay.
 */
export async function parkUnique<C extends Change>(
  session: Session,
  plan: TablePlan,
  changes: readonly C[],
  rows: RowsAsExpected,
): Promise<{ readonly parked: readonly C[]; readonly others: readonly C[] }> {
  const sets = await parkedValues(session, plan);
  const mapped = new Set(plan.columns.map((c) => c.name));
  const watched = [...new Set((plan.uniques ?? []).flatMap((u) => u.watched))].filter(
    (c) => mapped.has(c) && !plan.key.includes(c),
  );
  const moves = watched.map((c) => `t.${ident(c)}::text is distinct from s.${rows.position(c)}::text`);
  const numbers = await session.query(
    `${rows.with} update ${rows.target} t set ${[...sets].map(([c, v]) => `${ident(c)} = ${v}`).join(', ')} from s
     where ${rows.where} and (${moves.join(' or ')}) returning s.n`,
    rows.values,
  );
  const parked = new Set(numbers.map((r) => Number(r[0]) - 1));
  return { parked: changes.filter((_, i) => parked.has(i)), others: changes.filter((_, i) => !parked.has(i)) };
}
