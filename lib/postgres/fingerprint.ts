import { columnHandler } from '../data-types/registry.ts';
import type { FingerprintForm, PlannedColumn } from '../model/table.ts';
import type { ColumnSql } from './columns.ts';

/**
 * Seeds: two for the 128 bits of a row, one for the hash of a key, two for the mix. Any numbers do; changing one is a new
 * fingerprint scheme.
 */
const SEED = { first: 7_243_771, second: 1_905_613, key: 40_503, mixHigh: 86_028_121, mixLow: 49_979_687 } as const;

/** The parts of a row as one record, for PostgreSQL's record hash. */
function record(columns: readonly PlannedColumn[], sql: ColumnSql): string {
  const parts = columns.flatMap((c) => {
    const handler = columnHandler(c);
    const column = sql.value(c);
    return handler.parts?.(column, c.type.base) ?? [handler.canonical(column, c.type.base)];
  });
  return rowOf(parts);
}

/** A ROW holds 1,664 entries; a table may have 1,600 columns, and numbers are hashed in two parts each. */
const MOST_ENTRIES = 1_600;

/** A record of the parts; of very many, a record of the 128 bits of each group of them (records in records have no hash). */
function rowOf(parts: readonly string[]): string {
  if (parts.length <= MOST_ENTRIES) return `row(${parts.join(', ')})`;
  const groups = Array.from({ length: Math.ceil(parts.length / MOST_ENTRIES) }, (_, i) =>
    rowOf(parts.slice(i * MOST_ENTRIES, (i + 1) * MOST_ENTRIES)),
  );
  const halves = groups.flatMap((group) => [recordHash(group, SEED.first), recordHash(group, SEED.second)]);
  return `row(${halves.map((h) => `pg_catalog.int8send(${h})`).join(', ')})`; // the hash of an int8 would fold it
}

const recordHash = (value: string, seed: number) => `pg_catalog.hash_record_extended(${value}, ${seed})`;

/** sha256 over each value as `length:text`, NULL as `N`: no two rows share the text, on any server. */
function digest(columns: readonly PlannedColumn[], sql: ColumnSql): string {
  const parts = columns.map((c) => {
    const text = `(${columnHandler(c).canonical(sql.value(c), c.type.base)})::pg_catalog.text`;
    return `coalesce(pg_catalog.length(${text}) || ':' || ${text}, 'N')`;
  });
  return `pg_catalog.sha256(pg_catalog.convert_to(${parts.join(' || ')}, 'UTF8'))`;
}

const half = (digestSql: string, offset: number) =>
  `('x' || pg_catalog.encode(pg_catalog.substr(${digestSql}, ${offset}, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8`;

/** SQL for what stands for a row before it is hashed: a record of its parts, or the digest of its text; NULL of one with a mark. */
export function rowValue(form: FingerprintForm, columns: readonly PlannedColumn[], sql: ColumnSql): string {
  const value = form === 'fast' ? record(columns, sql) : digest(columns, sql);
  return sql.mark === undefined ? value : `(case when ${sql.mark} is null then ${value} end)`;
}

/** SQL for the 128 bits of a row value, as two int8 expressions. `value` stands in both: let it be a column. */
export function fingerprintOf(form: FingerprintForm, value: string): readonly [string, string] {
  if (form === 'fast') return [recordHash(value, SEED.first), recordHash(value, SEED.second)];
  return [half(value, 1), half(value, 9)];
}

/** SQL for the 128 bits of a row, as two int8 expressions; the row value is computed for each. */
export function rowFingerprint(
  form: FingerprintForm,
  columns: readonly PlannedColumn[],
  sql: ColumnSql,
): readonly [string, string] {
  return fingerprintOf(form, rowValue(form, columns, sql));
}

/** SQL for 64 bits of a row, for aggregates. */
export function rowHash(form: FingerprintForm, columns: readonly PlannedColumn[], sql: ColumnSql): string {
  return rowFingerprint(form, columns, sql)[0];
}

/** SQL for 64 bits of key columns, to spread keys over buckets. Both servers must agree, so it follows the form. */
export function keyHash(form: FingerprintForm, columns: readonly PlannedColumn[], sql: ColumnSql): string {
  const value = rowValue(form, columns, sql);
  return form === 'fast' ? recordHash(value, SEED.key) : half(value, 1);
}

/**
 * Mixes a row's 64 bits once more before they are aggregated.
 *
 * The record hash is linear in its elements (31 x previous + next), so over a bucket the sum or xor of rows (1, x), (2, y)
 * would equal that of (1, y), (2, x). Hashing the halves apart is not linear, and unlike `hashint8extended` of the whole it
 * keeps 64 bits: that function folds its argument to 32.
 */
export function mixed(hash: string): string {
  return `(pg_catalog.hashint8extended(${hash} >> 32, ${SEED.mixHigh}) # pg_catalog.hashint8extended(${hash} & 4294967295, ${SEED.mixLow}))`;
}
