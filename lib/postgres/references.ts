import type { RowKey } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { tableSql } from './columns.ts';
import { keyArrays, keyList, keyMatch } from './reader.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** A foreign key of any table, in scope or not, whose rows a delete would change or leave without a parent. */
interface Reference {
  readonly name: string;
  readonly child: string;
  readonly self: boolean;
  readonly columns: readonly string[];
  readonly parents: readonly string[];
  /** The operator of each pair of columns, parent first, as SQL: of an extension's type it is in no search path. */
  readonly operators: readonly string[];
}

/**
 * References that PostgreSQL itself would not refuse: those with a delete action, and every one of them while triggers are
 * suppressed, because referential checks are triggers.
 */
async function silentReferences(session: Session, plan: TablePlan): Promise<readonly Reference[]> {
  const rows = await session.query(
    `select f.conname, format('%I.%I', n.nspname, c.relname), (f.conrelid = f.confrelid)::text,
            (select json_agg(a.attname order by k.ord) from unnest(f.conkey) with ordinality k(num, ord)
               join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.num)::text,
            (select json_agg(a.attname order by k.ord) from unnest(f.confkey) with ordinality k(num, ord)
               join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num)::text,
            (select json_agg(format('operator(%I.%s)', s.nspname, o.oprname) order by k.ord)
               from unnest(f.conpfeqop) with ordinality k(num, ord)
               join pg_operator o on o.oid = k.num join pg_namespace s on s.oid = o.oprnamespace)::text
     from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace n on n.oid = c.relnamespace
     where f.contype = 'f' and f.confrelid = $1::regclass and f.conparentid = 0
       and (f.confdeltype in ('c', 'n', 'd') or current_setting('session_replication_role') = 'replica')
     order by f.conname`,
    [relation(plan.target)],
  );
  return rows.map(([name, child, self, columns, parents, operators]) => ({
    name: name ?? '',
    child: child ?? '',
    self: self === 'true',
    columns: JSON.parse(columns ?? '[]') as string[], // built by json_agg
    parents: JSON.parse(parents ?? '[]') as string[],
    operators: JSON.parse(operators ?? '[]') as string[],
  }));
}

/** The rows of `t` that are to be deleted, as SQL with parameters. */
export interface Doomed {
  readonly rows: string;
  readonly where: string;
  /** Condition that `x`, a row of the same table, is one of them too. */
  readonly own: string;
  readonly values: readonly unknown[];
}

/** The target rows of these keys. */
export function rowsOfKeys(plan: TablePlan, keys: readonly RowKey[]): Doomed {
  const list = keyList(plan, 'target', 1);
  return {
    rows: `${list} join ${tableSql(plan, 'target')} t on ${keyMatch(plan, 't', 'k')}`,
    where: 'true',
    own: `exists (select from ${list} where ${keyMatch(plan, 'x', 'k')})`,
    values: keyArrays(plan, keys),
  };
}

/**
 * Refuses a delete that would change rows which stay: a cascade is a conflict, never a side effect. Throws `row_rejected`
 * with the foreign key's name.
 *
 * Rows of the mirror that only the target has were deleted before their parents, so whatever still refers here stays.
 * Locks the rows first, so that no new reference can come in between. Cost: one look-up per foreign key and row.
 */
export async function refuseCascades(session: Session, plan: TablePlan, doomed: Doomed): Promise<void> {
  const references = await silentReferences(session, plan);
  if (references.length === 0) return;
  const { rows, where, own, values } = doomed;
  await session.query(`select from ${rows} where ${where} for update of t`, values);
  for (const r of references) {
    const match = r.columns
      .map((c, i) => `t.${ident(r.parents[i] ?? '')} ${r.operators[i]} x.${ident(c)}`)
      .join(' and ');
    const [row] = await session.query(
      `select count(*) from ${rows} where ${where} and exists (select from ${r.child} x where ${match}${r.self ? ` and not ${own}` : ''})`,
      values,
    );
    if (row?.[0] === '0') continue;
    throw new SyncError(
      'row_rejected',
      `${row?.[0]} rows of ${relationText(plan.target)} are not deleted: rows that stay refer to them (${r.name}).`,
      { facts: { side: 'target', sqlstate: '23503', object: r.child, constraint: r.name } },
    );
  }
}
