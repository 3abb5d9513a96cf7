import type { RootRows, ScopeRoots } from '../model/project.ts';
import { equals, typeSql } from './columns.ts';
import { conditionSql, type Place } from './filter-sql.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** The relation of a node, as FROM names it. */
export const scopeTable = (node: Pick<RootRows, 'relation' | 'only'>): string =>
  `${node.only ? 'only ' : ''}${relation(node.relation)}`;

/** Condition that `x` is a root row: an index of its key finds it, be it one value or a thousand. */
export function rootSql(roots: ScopeRoots, place: Place): string {
  if ('filters' in roots) return roots.filters.map((f) => conditionSql(f, 'x', typeSql(f.type), place)).join(' and ');
  const { columns, keys } = roots;
  const [only] = keys;
  const same = (value: (i: number) => string) =>
    columns
      .map(({ name, type }, i) => `x.${ident(name)} ${equals(type)} ${value(i)}::pg_catalog.text::${typeSql(type)}`)
      .join(' and ');
  if (only && keys.length === 1) return same((i) => place(only[i] ?? ''));
  const arrays = columns.map((_, i) => `${place(keys.map((k) => k[i] ?? ''))}::pg_catalog.text[]`);
  const names = columns.map((_, i) => `k${i + 1}`);
  return `exists (select from unnest(${arrays.join(', ')}) k(${names.join(', ')}) where ${same((i) => `k.k${i + 1}`)})`;
}

/** Whether a side has a root row of a project. */
export async function hasRoots(session: Session, of: RootRows): Promise<boolean> {
  const values: unknown[] = [];
  const where = rootSql(of.roots, (value) => `$${values.push(value)}`);
  const rows = await session.query(`select from ${scopeTable(of)} x where ${where} limit 1`, values);
  return rows.length > 0;
}
