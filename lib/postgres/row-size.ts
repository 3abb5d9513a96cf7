import type { PlannedColumn } from '../model/table.ts';

/** Most bytes of the text of a value of a type that has a fixed size. */
const FIXED_TEXT_BYTES = 40;

const FIXED = new Set([
  ...['bool', 'char', 'int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'money', 'uuid', 'name'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'],
  ...['inet', 'cidr', 'macaddr', 'macaddr8', 'pg_lsn', 'xid8'],
]);

/** Types that are their own text: their length is known without reading a value that is stored out of line. */
const TEXTS = new Set(['text', 'varchar', 'bpchar', 'citext']);

/** SQL of about how many bytes the text form of a column's `value` (SQL too) has; never less by more than a few. */
function textBytes({ type }: PlannedColumn, value: string): string {
  const { schema, name, kind } = type.base;
  if (kind === 'e' || (schema === 'pg_catalog' && FIXED.has(name))) return String(FIXED_TEXT_BYTES);
  if (schema === 'pg_catalog' && name === 'bytea')
    return `coalesce(2 * pg_catalog.octet_length(${value})::int8 + 2, 0)`;
  if (TEXTS.has(name)) return `coalesce(pg_catalog.octet_length(${value}::pg_catalog.text), 0)`;
  return `coalesce(pg_catalog.octet_length(pg_catalog.concat(${value})), 0)`;
}

/** SQL (int8) of about how many bytes the text of these columns has in one row. */
export function rowTextBytes(columns: readonly PlannedColumn[], value: (column: PlannedColumn) => string): string {
  const sizes = columns.map((c) => textBytes(c, value(c)));
  const fixed = sizes.filter((s) => /^\d+$/.test(s)).reduce((sum, s) => sum + Number(s), 0);
  return [`${fixed}::int8`, ...sizes.filter((s) => !/^\d+$/.test(s))].join(' + ');
}
