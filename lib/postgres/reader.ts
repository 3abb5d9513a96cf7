import { dataTypeOf } from '../data-types/registry.ts';
import {
  type BucketRun,
  type BucketSum,
  disjoint,
  type KeyedFingerprint,
  type ReadRow,
  type RowImage,
  type RowKey,
} from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import type { Segment, TablePlan } from '../model/table.ts';
import type { RowReader } from '../ports.ts';
import {
  boundsCondition,
  bucketExpression,
  comparedColumns,
  keyColumns,
  runBounds,
  segmentCondition,
} from './buckets.ts';
import { columnSql, typeSql } from './columns.ts';
import { fingerprintOf, mixed, rowFingerprint, rowHash, rowValue } from './fingerprint.ts';
import type { Session, TextRow } from './session.ts';
import { writtenSince } from './snapshot.ts';
import { BY_INDEX, ident, relation } from './sql.ts';

/** SQL that turns arrays of text into a relation of typed keys `k(k1, k2, ..., n)`, n the position from 1; one parameter per key column from `$n`. */
export function keyList(plan: TablePlan, side: Side, n: number): string {
  const { declaredType } = columnSql(side, 't');
  const casts = keyColumns(plan).map((c, i) => `u.k${i + 1}::${typeSql(declaredType(c))} as k${i + 1}`);
  const arrays = plan.key.map((_, i) => `$${n + i}::text[]`).join(', ');
  const names = plan.key.map((_, i) => `k${i + 1}`).join(', ');
  return `(select ${casts.join(', ')}, u.n from unnest(${arrays}) with ordinality u(${names}, n) offset 0) k`;
}

/** SQL condition that `alias` has the key of `k`. */
export function keyMatch(plan: TablePlan, alias: string, other: string): string {
  return plan.key.map((name, i) => `${alias}.${ident(name)} = ${other}.k${i + 1}`).join(' and ');
}

/** Key values as one array per key column. */
export function keyArrays(plan: TablePlan, keys: readonly RowKey[]): (string | null)[][] {
  return plan.key.map((_, i) => keys.map((key) => key[i] ?? null));
}

const keySelect = (plan: TablePlan, side: Side) => keyColumns(plan).map(columnSql(side, 't').value).join(', ');

/** SQL from `from` on of the rows `t` of the runs, and its parameters from `$1`: index ranges where the keyspace has them, else one scan that keeps the buckets asked for. */
export function fromRuns(plan: TablePlan, segment: Segment, side: Side, runs: readonly BucketRun[]) {
  if (!disjoint(runs)) throw new TypeError('a bucket is asked for twice');
  const table = plan[side];
  const s = segment.buckets;
  const bucket = bucketExpression(plan, s, side, 't');
  const bounds = runBounds(s, runs);
  if (!bounds) {
    const inSegment = segmentCondition(plan, segment, side, 't', 2);
    const buckets = runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    const sql = `from ${relation(table)} t where ${bucket} = any($1::int8[]) and ${inSegment.sql}`;
    return { sql, values: [buckets, ...inSegment.values] };
  }
  const inSegment = segmentCondition(plan, segment, side, 't', 3);
  const { unnestTypes, sql: within } = boundsCondition(plan, s, 't');
  const n = 3 + inSegment.values.length;
  const exact = s.split > 1 || s.keyspace === 'epoch'; // integer ranges are exact by themselves
  const filter = exact ? ` and ${bucket} between ($${n}::int8[])[r.n] and ($${n + 1}::int8[])[r.n]` : '';
  const sql = `from unnest($1::${unnestTypes}[], $2::${unnestTypes}[]) with ordinality r(lo, hi, n) join ${relation(table)} t on ${within} where ${inSegment.sql}${filter}`;
  const values: unknown[] = [bounds.los, bounds.his, ...inSegment.values];
  if (exact)
    values.push(
      runs.map((r) => r[0]),
      runs.map((r) => r[1]),
    );
  return { sql, values };
}

const sumOf = (row: TextRow): BucketSum => ({ bucket: Number(row[0]), rows: Number(row[1]), hash: row[2] ?? '' });

/**
 * A reader of the session's side of a table.
 *
 * The `offset 0` fences keep the planner from evaluating a row's hash twice or sorting by bucket (performance.md: 0.97 ->
 * 1.31 s for a million rows without).
 */
export function segmentReader(session: Session, plan: TablePlan, segment: Segment): RowReader {
  const { side } = session;
  const table = plan[side];
  const columns = columnSql(side, 't');
  const compared = comparedColumns(plan);
  const hash = rowHash(plan.fingerprint, compared, columns);
  const [first, second] = rowFingerprint(plan.fingerprint, compared, columns);
  const whole128 = rowFingerprint(plan.fingerprint, plan.columns, columns);
  const bucket = bucketExpression(plan, segment.buckets, side, 't');
  const whole = segmentCondition(plan, segment, side, 't', 1);
  const wholeSegment = { sql: `from ${relation(table)} t where ${whole.sql}`, values: whole.values };
  const indexed = <T>(work: () => Promise<T>) => session.transaction(work, BY_INDEX);
  return {
    async isEmpty(after = -1) {
      const rest: BucketRun = [after + 1, segment.buckets.ranges * segment.buckets.split - 1];
      const behind = after < 0 ? wholeSegment : fromRuns(plan, segment, side, [rest]);
      const rows = await indexed(() => session.query(`select 1 ${behind.sql} limit 1`, behind.values));
      return rows.length === 0;
    },
    async sums(runs) {
      const source = runs ? fromRuns(plan, segment, side, runs) : wholeSegment;
      const text = `
        select b, count(*), bit_xor(${mixed('h')})
        from (select ${bucket} as b, ${hash} as h ${source.sql} offset 0) q
        group by b`;
      const rows = runs
        ? await indexed(() => session.query(text, source.values))
        : await session.query(text, source.values);
      return rows.map(sumOf);
    },
    async open(runs) {
      if (runs.length === 0) return [];
      const source = fromRuns(plan, segment, side, runs);
      // the fence computes the row value once for both halves: 2.9 -> 1.9 s of CPU for a million rows
      const key = keyColumns(plan)
        .map((c, i) => `${columns.value(c)} as k${i + 1}`)
        .join(', ');
      const names = plan.key.map((_, i) => `q.k${i + 1}`).join(', ');
      const text = `select q.b, ${fingerprintOf(plan.fingerprint, 'q.v').join(', ')}, ${names}
        from (select ${bucket} as b, ${rowValue(plan.fingerprint, compared, columns)} as v, ${key} ${source.sql} offset 0) q`;
      const rows = await indexed(() => session.query(text, source.values));
      return rows.map(
        ([b, h1, h2, ...key]): KeyedFingerprint => ({
          bucket: Number(b),
          key: key as string[],
          fingerprint: `${h1}:${h2}`,
        }), // key columns are not null
      );
    },
    async changedSince(keys) {
      if (keys.length === 0) return [];
      const text = `select ${keySelect(plan, side)} from ${keyList(plan, side, 1)} join ${relation(table)} t on ${keyMatch(plan, 't', 'k')}
        where ${writtenSince('t', plan.sourceSnapshot)}`;
      const rows = await indexed(() => session.query(text, keyArrays(plan, keys)));
      return rows as readonly RowKey[]; // key columns are not null
    },
    async read(runs) {
      if (runs.length === 0) return [];
      const source = fromRuns(plan, segment, side, runs);
      const texts = plan.columns.map(
        (c) => `(${dataTypeOf(c.type).canonical(columns.value(c), c.type.base)})::pg_catalog.text`,
      );
      const text = `select ${bucket}, ${first}, ${second}, ${keySelect(plan, side)}, ${texts.join(', ')} ${source.sql}`;
      const rows = await indexed(() => session.query(text, source.values));
      const width = plan.key.length;
      return rows.map(
        ([b, h1, h2, ...rest]): ReadRow => ({
          bucket: Number(b),
          key: rest.slice(0, width) as string[], // key columns are not null
          fingerprint: `${h1}:${h2}`,
          canonical: rest.slice(width),
        }),
      );
    },
    alike(column, a, b) {
      const tolerance = plan.tolerances[plan.columns[column]?.name ?? ''];
      return tolerance !== undefined && a !== null && b !== null && Math.abs(Number(a) - Number(b)) <= tolerance;
    },
    async rows(keys) {
      if (keys.length === 0) return [];
      const values = plan.columns.map(columns.value).join(', ');
      const text = `select ${whole128.join(', ')}, ${keySelect(plan, side)}, ${values} from ${keyList(plan, side, 1)} join ${relation(table)} t on ${keyMatch(plan, 't', 'k')}`;
      const rows = await indexed(() => session.query(text, keyArrays(plan, keys)));
      const width = plan.key.length;
      return rows.map(
        ([h1, h2, ...rest]): RowImage => ({
          key: rest.slice(0, width) as string[], // key columns are not null
          fingerprint: `${h1}:${h2}`,
          values: rest.slice(width),
        }),
      );
    },
  };
}
