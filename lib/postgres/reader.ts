import type { BucketRun, BucketSum, KeyedFingerprint, RowImage, RowKey } from '../model/change.ts';
import type { RelationName, Segment, TablePlan } from '../model/table.ts';
import type { RowReader } from '../ports.ts';
import { boundsCondition, bucketExpression, runBounds, segmentCondition } from './buckets.ts';
import { fingerprintOf, mixed, rowFingerprint, rowHash, rowValue } from './fingerprint.ts';
import type { Session, TextRow } from './session.ts';
import { BY_INDEX, ident, relation } from './sql.ts';

/** SQL that turns arrays of text into a relation of typed keys `k(k1, k2, ..., n)`, n the position from 1; one parameter per key column from `$n`. */
export function keyList(plan: TablePlan, n: number): string {
  const casts = plan.key.map((name, i) => {
    const type = plan.columns.find((c) => c.name === name)?.type;
    return `u.k${i + 1}::${ident(type?.schema ?? '')}.${ident(type?.name ?? '')} as k${i + 1}`;
  });
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

const keySelect = (plan: TablePlan, alias: string) => plan.key.map((name) => `${alias}.${ident(name)}`).join(', ');

/** The rows of the runs: index ranges where the keyspace has them, else one scan that keeps the buckets asked for. */
function fromRuns(plan: TablePlan, segment: Segment, table: RelationName, runs: readonly BucketRun[]) {
  const s = segment.buckets;
  const bucket = bucketExpression(plan, s, 't');
  const bounds = runBounds(s, runs);
  if (!bounds) {
    const inSegment = segmentCondition(plan, segment, 't', 2);
    const buckets = runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    const sql = `from ${relation(table)} t where ${bucket} = any($1::int8[]) and ${inSegment.sql}`;
    return { sql, values: [buckets, ...inSegment.values] };
  }
  const inSegment = segmentCondition(plan, segment, 't', 3);
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
 * A reader of `table`, which is the plan's source or target.
 *
 * The `offset 0` fences keep the planner from evaluating a row's hash twice or sorting by bucket (performance.md: 0.97 ->
 * 1.31 s for a million rows without).
 */
export function segmentReader(session: Session, table: RelationName, plan: TablePlan, segment: Segment): RowReader {
  const hash = rowHash(plan.fingerprint, plan.columns, 't');
  const [first, second] = rowFingerprint(plan.fingerprint, plan.columns, 't');
  const bucket = bucketExpression(plan, segment.buckets, 't');
  const whole = segmentCondition(plan, segment, 't', 1);
  const indexed = <T>(work: () => Promise<T>) => session.transaction(work, BY_INDEX);
  return {
    async sums(runs) {
      const source = runs
        ? fromRuns(plan, segment, table, runs)
        : { sql: `from ${relation(table)} t where ${whole.sql}`, values: whole.values };
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
      const source = fromRuns(plan, segment, table, runs);
      // the fence computes the row value once for both halves: 2.9 -> 1.9 s of CPU for a million rows
      const key = plan.key.map((name, i) => `t.${ident(name)} as k${i + 1}`).join(', ');
      const names = plan.key.map((_, i) => `q.k${i + 1}`).join(', ');
      const text = `select q.b, ${fingerprintOf(plan.fingerprint, 'q.v').join(', ')}, ${names}
        from (select ${bucket} as b, ${rowValue(plan.fingerprint, plan.columns, 't')} as v, ${key} ${source.sql} offset 0) q`;
      const rows = await indexed(() => session.query(text, source.values));
      return rows.map(
        ([b, h1, h2, ...key]): KeyedFingerprint => ({
          bucket: Number(b),
          key: key as string[],
          fingerprint: `${h1}:${h2}`,
        }), // key columns are not null
      );
    },
    async rows(keys) {
      if (keys.length === 0) return [];
      const values = plan.columns.map((c) => `t.${ident(c.name)}`).join(', ');
      const text = `select ${first}, ${second}, ${keySelect(plan, 't')}, ${values} from ${keyList(plan, 1)} join ${relation(table)} t on ${keyMatch(plan, 't', 'k')}`;
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
