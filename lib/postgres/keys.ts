import { columnHandler } from '../data-types/registry.ts';
import type { RowKey } from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import type { TablePlan } from '../model/table.ts';
import { keyColumns } from './buckets.ts';
import { columnSql, equals, typeSql } from './columns.ts';
import { ident } from './sql.ts';
import { textArray } from './text-array.ts';

/** SQL that turns arrays of text into a relation of typed keys `k(k1, k2, ..., n)`, n the position from 1; one parameter per key column from `$n`. */
export function keyList(plan: TablePlan, side: Side, n: number): string {
  const { declaredType } = columnSql(side, 't');
  const casts = keyColumns(plan).map((c, i) => `u.k${i + 1}::${typeSql(declaredType(c))} as k${i + 1}`);
  const arrays = plan.key.map((_, i) => `$${n + i}::text[]`).join(', ');
  const names = plan.key.map((_, i) => `k${i + 1}`).join(', ');
  return `(select ${casts.join(', ')}, u.n from unnest(${arrays}) with ordinality u(${names}, n) offset 0) k`;
}

/** SQL condition that `alias` has the key of `other`, whose columns `name` gives; default: k1, k2, ... */
export function keyMatch(
  plan: TablePlan,
  alias: string,
  other: string,
  name: (column: string, i: number) => string = (_, i) => `k${i + 1}`,
): string {
  return keyColumns(plan)
    .map((c, i) => `${alias}.${ident(c.name)} ${equals(c.type)} ${other}.${name(c.name, i)}`)
    .join(' and ');
}

/** Types whose collation may take several texts for one. */
const COLLATED = ['text', 'varchar', 'bpchar'];

/**
 * The same, found by the index, and by the same text where a nondeterministic collation takes several for one: another
 * spelling is a row that is in the way, which the unique index says.
 */
export function sameSpelling(
  plan: TablePlan,
  alias: string,
  other: string,
  name: (column: string, i: number) => string,
): string {
  const bytes = (value: string) => `(${value})::pg_catalog.text collate "C"`;
  const exact = keyColumns(plan).flatMap((c, i) =>
    COLLATED.includes(c.type.base.name)
      ? [`${bytes(`${alias}.${ident(c.name)}`)} = ${bytes(`${other}.${name(c.name, i)}`)}`]
      : [],
  );
  return [keyMatch(plan, alias, other, name), ...exact].join(' and ');
}

/** Key values as one array per key column. */
export function keyArrays(plan: TablePlan, keys: readonly RowKey[]): Buffer[] {
  return plan.key.map((_, i) => textArray(keys.map((key) => key[i] ?? null)));
}

/** SQL of the key columns of `t`, one expression each: equal keys have equal texts, whatever form their rows have. */
export function keyTexts(plan: TablePlan, side: Side): readonly string[] {
  const { value } = columnSql(side, 't');
  return keyColumns(plan).map((c) => columnHandler(c).identity?.(value(c), c.type.base) ?? value(c));
}
