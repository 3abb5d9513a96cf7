import type { BucketRun } from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import type { BucketScheme, PlannedColumn, Segment, TablePlan } from '../model/table.ts';
import { columnSql, typeSql } from './columns.ts';
import { keyHash } from './fingerprint.ts';
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

/** The first key column of a plan. */
export function firstKeyColumn(plan: TablePlan): PlannedColumn {
  return keyColumns(plan)[0] as PlannedColumn; // a plan has at least one key column
}

const INT8_MIN = '-9223372036854775808';
const INT8_MAX = '9223372036854775807';

/** SQL for the instant `seconds` (SQL too) after 1970 in UTC, as a value of the type. */
export function instantAt(type: PlannedColumn['type'], seconds: string): string {
  if (type.base.name === 'timestamptz') return `pg_catalog.to_timestamp(${seconds})`;
  const local = `(pg_catalog.to_timestamp(${seconds}) at time zone 'UTC')`;
  return type.base.name === 'timestamp' ? local : `${local}::pg_catalog.date`;
}

/** Which of the equal ranges a row is in. Clamped to the outermost, so that a row beyond the known ends is in one too. */
function rangeNumber(column: string, s: BucketScheme): string {
  const last = (BigInt(s.ranges) - 1n).toString();
  if (s.keyspace === 'epoch') {
    const position = `pg_catalog.date_part('epoch', ${column})`;
    return `floor(least(greatest((${position} - (${s.lo})::float8) / (${s.width})::float8, 0), ${last}))::int8`;
  }
  const end = BigInt(s.lo) + BigInt(s.width) * BigInt(s.ranges) - 1n;
  const hi = end > BigInt(INT8_MAX) ? INT8_MAX : end;
  return `((least(greatest(${column}, (${s.lo})::int8), (${hi})::int8) - (${s.lo})::int8) / (${s.width})::int8)`;
}

/**
 * SQL for the bucket of a row: `range * split + (hash of the other key columns) % split`. The same expression on both
 * sides, also when it reads the rows of a bucket again, so rounding cannot put a row into two buckets.
 */
export function bucketExpression(plan: TablePlan, s: BucketScheme, side: Side, alias: string): string {
  const key = keyColumns(plan);
  const sql = columnSql(side, alias);
  if (s.keyspace === 'hashed') return `(${keyHash(plan.fingerprint, key, sql)} & ${s.split - 1})`;
  const range = rangeNumber(`${alias}.${ident(key[0]?.name ?? '')}`, s);
  if (s.split === 1) return range;
  return `(${range} * ${s.split} + (${keyHash(plan.fingerprint, key.slice(1), sql)} & ${s.split - 1}))`;
}

const OPERATORS = { eq: '=', ne: 'is distinct from', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** The type a filter's value is read as: that of its column on this side. */
function filterType(plan: TablePlan, name: string, side: Side): string {
  const column = plan.columns.find((c) => c.name === name);
  if (!column) throw new TypeError(`the filter column ${name} is not mapped`);
  return typeSql(columnSql(side, 't').declaredType(column));
}

/** SQL condition that a row is in the segment and passes the filters, and its parameters, numbered from `$n` or put in place by `n`. */
export function segmentCondition(
  plan: TablePlan,
  segment: Segment,
  side: Side,
  alias: string,
  n: number | ((value: string | readonly string[]) => string),
) {
  const first = firstKeyColumn(plan);
  const column = `${alias}.${ident(first.name)}`;
  const cast = typeSql(columnSql(side, alias).declaredType(first).base);
  const values: (string | readonly string[])[] = [];
  const parts: string[] = [];
  const place = typeof n === 'function' ? n : (value: string | readonly string[]) => `$${n + values.push(value) - 1}`;
  for (const [bound, op] of [
    [segment.from, '>='],
    [segment.to, '<'],
  ] as const) {
    if (bound === undefined) continue;
    parts.push(`${column} ${op} ${place(bound)}::text::${cast}`);
  }
  for (const f of plan.filters) {
    const type = filterType(plan, f.column, side);
    const at = `${alias}.${ident(f.column)}`;
    if (f.op === 'is_null' || f.op === 'not_null') parts.push(`${at} is ${f.op === 'is_null' ? '' : 'not '}null`);
    else if (f.op === 'in') {
      parts.push(`${at} in (select v::${type} from unnest(${place([...f.values])}::text[]) v)`);
    } else {
      parts.push(`${at} ${OPERATORS[f.op]} ${place(f.values[0] ?? '')}::text::${type}`);
    }
  }
  return { sql: parts.length > 0 ? parts.join(' and ') : 'true', values };
}

/**
 * Ranges of the first key column that hold all rows of the runs, both ends included; undefined where the keyspace has no
 * such ranges. Timestamps get a second (dates a day) of slack for rounding; the bucket expression decides exactly.
 */
export function runBounds(s: BucketScheme, runs: readonly BucketRun[]): { los: string[]; his: string[] } | undefined {
  if (s.keyspace === 'hashed') return undefined;
  const los: string[] = [];
  const his: string[] = [];
  for (const [first, last] of runs) {
    const [a, b] = [Math.floor(first / s.split), Math.floor(last / s.split)];
    const open = { lo: a === 0, hi: b === s.ranges - 1 };
    if (s.keyspace === 'integer') {
      los.push(open.lo ? INT8_MIN : (BigInt(s.lo) + BigInt(a) * BigInt(s.width)).toString());
      his.push(open.hi ? INT8_MAX : (BigInt(s.lo) + BigInt(b + 1) * BigInt(s.width) - 1n).toString());
    } else {
      los.push(open.lo ? '-Infinity' : String(Number(s.lo) + a * Number(s.width) - 1));
      his.push(open.hi ? 'Infinity' : String(Number(s.lo) + (b + 1) * Number(s.width) + 1));
    }
  }
  return { los, his };
}

/** SQL that joins `alias` to ranges `r(lo, hi)` of its first key column. */
export function boundsCondition(plan: TablePlan, s: BucketScheme, alias: string): { unnestTypes: string; sql: string } {
  const { name, type } = firstKeyColumn(plan);
  const column = `${alias}.${ident(name)}`;
  if (s.keyspace === 'integer') return { unnestTypes: 'int8', sql: `${column} between r.lo and r.hi` };
  const at = (seconds: string) => instantAt(type, seconds);
  return { unnestTypes: 'float8', sql: `${column} >= ${at('r.lo')} and ${column} <= ${at('r.hi')}` };
}
