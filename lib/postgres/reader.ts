import { columnHandler } from '../data-types/registry.ts';
import {
  type BucketRun,
  type BucketSum,
  disjoint,
  type KeyedFingerprint,
  type ReadRow,
  type RowKey,
} from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import type { PlannedColumn, Segment, TablePlan } from '../model/table.ts';
import type { RowReader, WindowReader } from '../ports.ts';
import { boundsCondition, bucketExpression, comparedColumns, runBounds, segmentCondition } from './buckets.ts';
import { columnSql, rowSql, tableSql } from './columns.ts';
import { fetchPrints, fetchRows } from './fetch-rows.ts';
import { fingerprintOf, mixed, rowFingerprint, rowHash, rowValue } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import type { Session, TextRow } from './session.ts';
import { writtenSince } from './snapshot.ts';
import { byKey } from './sql.ts';

export { keyArrays, keyList, keyMatch } from './keys.ts';

const keySelect = (plan: TablePlan, side: Side) => keyTexts(plan, side).join(', ');

/**
 * SQL from `from` on of the rows `t` of the runs, and its parameters from `$1`: index ranges where the keyspace has them, else
 * one scan that keeps the buckets asked for.
 */
export function fromRuns(plan: TablePlan, segment: Segment, side: Side, runs: readonly BucketRun[]) {
  if (!disjoint(runs)) throw new TypeError('a bucket is asked for twice');
  const table = tableSql(plan, side);
  const bounds = runBounds(segment.buckets, runs);
  if (!bounds) {
    const inSegment = segmentCondition(plan, segment, side, 't', 2);
    const buckets = runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    const bucket = bucketExpression(plan, segment.buckets, side, 't');
    return {
      sql: `from ${table} t where ${inSegment.sql} and ${bucket} = any($1::int8[])`,
      values: [buckets, ...inSegment.values],
    };
  }
  const inSegment = segmentCondition(plan, segment, side, 't', 3);
  const sql = `from unnest($1::int8[], $2::int8[]) r(lo, hi) join ${table} t on ${boundsCondition(plan, 't')} where ${inSegment.sql}`;
  return { sql, values: [bounds.los, bounds.his, ...inSegment.values] };
}

/** Longer texts are compared by digest, unless they are numbers, which may have a tolerance. */
const SHORT_TEXT_BYTES = 256;

/** Most bytes of texts read at once a side; a value costs some 100 bytes more in Node. */
const READ_BYTES = 24 * 1024 * 1024;

/** Rows read at once at most: more are no faster. */
const READ_ROWS = 5_000;

/** SQL of a text, or of a sha256 of it that is longer than any text that stands for itself. */
function shortened(text: string, { type }: PlannedColumn): string {
  if (type.base.schema === 'pg_catalog' && type.base.name === 'numeric') return text;
  const digest = `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(q.v, 'UTF8')), 'hex')`;
  return `(select case when pg_catalog.octet_length(q.v) > ${SHORT_TEXT_BYTES} then pg_catalog.rpad(${digest}, ${SHORT_TEXT_BYTES + 1}, '#') else q.v end from (select ${text} as v offset 0) q)`;
}

const sumOf = (row: TextRow): BucketSum => ({ bucket: Number(row[0]), rows: Number(row[1]), hash: row[2] ?? '' });

/**
 * A reader of the session's side of a table.
 *
 * The `offset 0` fences keep the planner from evaluating a row's hash twice or sorting by bucket (performance.md: 0.97 ->
 * 1.31 s for a million rows without).
 */
export function segmentReader(
  session: Session,
  plan: TablePlan,
  segment: Segment,
): Omit<RowReader, keyof WindowReader> {
  const { side } = session;
  const table = tableSql(plan, side);
  const columns = columnSql(side, 't');
  const compared = comparedColumns(plan);
  // who looks at keys alone does not ask whether the other values can be computed
  const hashed = plan.compares === 'key' ? columns : rowSql(plan, side, 't');
  const hash = rowHash(plan.fingerprint, compared, hashed);
  const [first, second] = rowFingerprint(plan.fingerprint, compared, hashed);
  const bucket = bucketExpression(plan, segment.buckets, side, 't');
  const whole = segmentCondition(plan, segment, side, 't', 1);
  const wholeSegment = { sql: `from ${table} t where ${whole.sql}`, values: whole.values };
  const indexed = <T>(work: () => Promise<T>) => session.transaction(work, plan.scope ? '' : byKey(plan, side));
  /** Buckets that no index finds take a scan, which must stay the cheapest plan. */
  const ofRuns = <T>(work: () => Promise<T>) => (segment.buckets.keyspace === 'hashed' ? work() : indexed(work));
  const bytesAtMost = plan.columns.length * (SHORT_TEXT_BYTES + 100);
  return {
    readRows: Math.max(1, Math.min(READ_ROWS, Math.floor(READ_BYTES / bytesAtMost))),
    async isEmpty(after = -1) {
      const rest: BucketRun = [after + 1, segment.buckets.ranges * segment.buckets.split - 1];
      const behind = after < 0 ? wholeSegment : fromRuns(plan, segment, side, [rest]);
      const rows = await ofRuns(() => session.query(`select 1 ${behind.sql} limit 1`, behind.values));
      return rows.length === 0;
    },
    async sums(runs) {
      const source = runs ? fromRuns(plan, segment, side, runs) : wholeSegment;
      const text = `
        select b, count(*), bit_xor(${mixed('h')})
        from (select ${bucket} as b, ${hash} as h ${source.sql} offset 0) q
        group by b`;
      const rows = runs
        ? await ofRuns(() => session.query(text, source.values))
        : await session.query(text, source.values);
      return rows.map(sumOf);
    },
    async open(runs) {
      if (runs.length === 0) return [];
      const source = fromRuns(plan, segment, side, runs);
      // the fence computes the row value once for both halves: 2.9 -> 1.9 s of CPU for a million rows
      const key = keyTexts(plan, side)
        .map((k, i) => `${k} as k${i + 1}`)
        .join(', ');
      const names = plan.key.map((_, i) => `q.k${i + 1}`).join(', ');
      const text = `select q.b, ${fingerprintOf(plan.fingerprint, 'q.v').join(', ')}, ${names}
        from (select ${bucket} as b, ${rowValue(plan.fingerprint, compared, hashed)} as v, ${key} ${source.sql} offset 0) q`;
      const rows = await ofRuns(() => session.query(text, source.values));
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
      if (side === 'source' && plan.unversioned) return keys; // nothing tells, so any of them may have
      const text = `select ${keySelect(plan, side)} from ${keyList(plan, side, 1)} join ${table} t on ${keyMatch(plan, 't', 'k')}
        where ${writtenSince('t', (side === 'target' && plan.scope?.targetSnapshot) || plan.sourceSnapshot)}`;
      const rows = await indexed(() => session.query(text, keyArrays(plan, keys)));
      return rows as readonly RowKey[]; // key columns are not null
    },
    async read(runs) {
      if (runs.length === 0) return [];
      const source = fromRuns(plan, segment, side, runs);
      const texts = plan.columns.map((c) =>
        shortened(`(${columnHandler(c).canonical(columns.value(c), c.type.base)})::pg_catalog.text`, c),
      );
      const text = `select ${bucket}, ${first}, ${second}, ${keySelect(plan, side)}, ${texts.join(', ')} ${source.sql}`;
      const rows = await ofRuns(() => session.query(text, source.values));
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
    rows: (keys, maxBytes) => fetchRows(session, plan, keys, maxBytes),
    prints: (keys) => fetchPrints(session, plan, keys),
  };
}
