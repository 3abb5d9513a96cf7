import type { BucketRun } from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import type { BucketScheme, PlannedColumn, RowBound, Segment, TablePlan } from '../model/table.ts';
import { columnSql, equals, typeSql } from './columns.ts';
import { conditionSql, type Place } from './filter-sql.ts';
import { keyHash } from './fingerprint.ts';
import { scopeCondition } from './scope-sql.ts';
import { ident } from './sql.ts';

/** The key columns of a plan, in key order, with the equality of keys. */
export const keyColumns = (plan: TablePlan): readonly PlannedColumn[] =>
  plan.key.map((name) => {
    const column = plan.columns.find((c) => c.name === name) as PlannedColumn; // a plan maps its key columns
    return { ...column, equality: 'key' };
  });

/** The columns that a comparison looks at. */
export const comparedColumns = (plan: TablePlan): readonly PlannedColumn[] =>
  plan.compares === 'key' ? keyColumns(plan) : plan.columns;

const INT8_MIN = '-9223372036854775808';
const INT8_MAX = '9223372036854775807';

/** Which of the equal ranges a row is in. Clamped to the outermost, so that a row beyond the known ends is in one too. */
function rangeNumber(column: string, s: BucketScheme): string {
  const end = BigInt(s.lo) + BigInt(s.width) * BigInt(s.ranges) - 1n;
  const hi = end > BigInt(INT8_MAX) ? INT8_MAX : end;
  return `((least(greatest(${column}, (${s.lo})::int8), (${hi})::int8) - (${s.lo})::int8) / (${s.width})::int8)`;
}

/** SQL for 64 bits of what identifies a row: its key, or the whole row. Both sides answer alike. */
function identityHash(plan: TablePlan, side: Side, alias: string): string {
  const columns = plan.keyless ? plan.columns : keyColumns(plan);
  return keyHash(plan.fingerprint, columns, columnSql(side, alias));
}

/** SQL for the bucket of a row: the number of its range, or of its share of the hash. */
export function bucketExpression(plan: TablePlan, s: BucketScheme, side: Side, alias: string): string {
  if (s.keyspace === 'hashed') return `(${identityHash(plan, side, alias)} & ${s.split - 1})`;
  return rangeNumber(`${alias}.${ident(plan.key[0] ?? '')}`, s);
}

/** The type a filter's value is read as: that of its column on this side. */
function filterType(plan: TablePlan, name: string, side: Side): string {
  const column = plan.columns.find((c) => c.name === name);
  if (!column) throw new TypeError(`the filter column ${name} is not mapped`);
  return typeSql(columnSql(side, 't').declaredType(column));
}

/** SQL that compares the whole key with a bound, so that a first column that repeats does not matter. */
function boundSql(plan: TablePlan, side: Side, alias: string, [op, bound]: readonly [string, RowBound], place: Place) {
  const { declaredType } = columnSql(side, alias);
  const columns = keyColumns(plan).map((c) => `${alias}.${ident(c.name)}`);
  const values = keyColumns(plan).map((c, i) => `${place(bound[i] ?? '')}::text::${typeSql(declaredType(c).base)}`);
  return columns.length === 1
    ? `${columns[0]} ${op} ${values[0]}`
    : `(${columns.join(', ')}) ${op} (${values.join(', ')})`;
}

/** SQL conditions that a row passes the plan's filters. */
function filterSql(plan: TablePlan, side: Side, alias: string, place: Place): readonly string[] {
  return plan.filters.map((f) => conditionSql(f, alias, filterType(plan, f.column, side), place));
}

/** The same plan for keys of whatever rows: neither filters nor a project say which take part. */
export function unfiltered({ scope: _, ...plan }: TablePlan): TablePlan {
  return { ...plan, filters: [] };
}

/** SQL condition that a row is one of those that the plan is about, where it names them. */
function onlyKeys(plan: TablePlan, side: Side, alias: string, place: Place): readonly string[] {
  const { keys } = plan;
  if (!keys) return [];
  if (keys.length === 0) return ['false'];
  const { declaredType } = columnSql(side, alias);
  const columns = keyColumns(plan);
  const arrays = columns.map((_, i) => `${place(keys.map((k) => k[i] ?? ''))}::text[]`);
  const names = columns.map((_, i) => `k${i + 1}`);
  const same = columns.map(
    (c, i) => `${alias}.${ident(c.name)} ${equals(c.type)} o.k${i + 1}::${typeSql(declaredType(c))}`,
  );
  return [`exists (select 1 from unnest(${arrays.join(', ')}) o(${names.join(', ')}) where ${same.join(' and ')})`];
}

/**
 * SQL condition that a row is in the segment, passes the filters and is in the project, and its parameters, numbered from `$n` or put in place
 * by `n`. Shares and buckets take different bits of the hash.
 */
export function segmentCondition(
  plan: TablePlan,
  segment: Pick<Segment, 'from' | 'to' | 'share'>,
  side: Side,
  alias: string,
  n: number | Place,
) {
  const values: (string | readonly string[])[] = [];
  const place: Place = typeof n === 'function' ? n : (value) => `$${n + values.push(value) - 1}`;
  const { from, to, share } = segment;
  const parts = [
    ...(from ? [boundSql(plan, side, alias, ['>=', from], place)] : []),
    ...(to ? [boundSql(plan, side, alias, ['<', to], place)] : []),
    ...filterSql(plan, side, alias, place),
    ...(plan.scope ? [scopeCondition(plan, { side, alias }, place)] : []),
    ...onlyKeys(plan, side, alias, place),
    ...(share ? [`((${identityHash(plan, side, alias)} >> 33) & 1073741823) % ${share.of} = ${share.part}`] : []),
  ];
  return { sql: parts.length > 0 ? parts.join(' and ') : 'true', values };
}

/** Ranges of the key column that hold the rows of the runs and no others, both ends included; undefined for `hashed`. */
export function runBounds(s: BucketScheme, runs: readonly BucketRun[]): { los: string[]; his: string[] } | undefined {
  if (s.keyspace === 'hashed') return undefined;
  const los: string[] = [];
  const his: string[] = [];
  for (const [first, last] of runs) {
    const [lo, width] = [BigInt(s.lo), BigInt(s.width)];
    los.push(first === 0 ? INT8_MIN : (lo + BigInt(first) * width).toString());
    his.push(last === s.ranges - 1 ? INT8_MAX : (lo + BigInt(last + 1) * width - 1n).toString());
  }
  return { los, his };
}

/** SQL that joins `alias` to ranges `r(lo, hi)` of its key column. */
export function boundsCondition(plan: TablePlan, alias: string): string {
  return `${alias}.${ident(plan.key[0] ?? '')} between r.lo and r.hi`;
}
