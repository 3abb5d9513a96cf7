import type { FingerprintForm, PlannedColumn, TablePlan } from '../model/table.ts';
import { keyColumns } from './buckets.ts';
import { type ColumnSql, columnSql } from './columns.ts';
import { rowFingerprint, rowHash } from './fingerprint.ts';

/** SQL of several bytea values in a row. A balanced tree: 1,600 columns in one chain would be as deep as the stack. */
function joined(parts: readonly string[]): string {
  if (parts.length <= 1) return parts[0] ?? `''::bytea`;
  const half = Math.ceil(parts.length / 2);
  return `(${joined(parts.slice(0, half))} || ${joined(parts.slice(half))})`;
}

const bytes = (int8: string) => `pg_catalog.int8send(${int8})`;

/** SQL (bytea) of a row's print: 128 bits of the row, then 64 of each column. */
export function printSql(form: FingerprintForm, columns: readonly PlannedColumn[], sql: ColumnSql): string {
  const fields = columns.map((c) => rowHash(form, [c], sql));
  return joined([...rowFingerprint(form, columns, sql), ...fields].map(bytes));
}

/** SQL of a print as `printOf` reads it. */
export const printText = (print: string): string => `pg_catalog.encode(${print}, 'hex')`;

/** SQL for 64 bits of a key besides those that it is filed under, of target row `alias`. */
export const secondHash = (plan: TablePlan, alias: string): string =>
  rowFingerprint(plan.fingerprint, keyColumns(plan), columnSql('target', alias))[1];

/** SQL (text) of a row's update column in microseconds since 1970; NULL where it has no usable one, or the plan names none. */
export function clockSql(plan: TablePlan, value: (c: PlannedColumn) => string): string {
  const column = plan.columns.find((c) => c.name === plan.conflicts?.clock?.column);
  if (!column) return 'null';
  const at = value(column);
  return `case when pg_catalog.isfinite(${at}) then pg_catalog.trunc(extract(epoch from ${at}) * 1000000)::pg_catalog.text end`;
}
