import type { Side } from '../model/connection.ts';
import type { BucketScheme, RowBound, Segment, TablePlan } from '../model/table.ts';
import { keyColumns, segmentCondition } from './buckets.ts';
import { tableSql } from './columns.ts';
import { declaredKey, isInteger, ordersAgree } from './key-order.ts';
import type { Session } from './session.ts';
import { ident } from './sql.ts';

/**
 * Rows per bucket. Each spread difference opens a whole bucket on both sides, and again when it is verified; finer buckets
 * cost little (1 million rows: 1.70 s of CPU with 64, 1.78 with 16). With 16 instead of 64, a fenced row value and larger
 * segments the data phase with 0.2 % spread differences went from 6.3 to 3.6 s (test/bench/results.md).
 */
const BUCKET_ROWS = 16;

/** Widest bucket of integers. No two rows share a value, so no such bucket has more rows, whatever the distribution. */
const MAX_WIDTH = 256n;

/** Hashed buckets are at least this many: an estimate that is far too low then costs little, and empty buckets nothing. */
const MIN_SPLIT = 256;

/** One SyncTable execution carries at most this many segments (DESIGN section 3). */
const MAX_SEGMENTS = 400;

/** Bounds the sums held in memory and the groups of one aggregate: with 262,144 a worker took 236 of its 256 MB (measured). */
const MAX_BUCKETS = 131_072;

/** How large segments are. */
export interface SegmentSizes {
  /** Of a range of keys: about a second of comparing, so that a killed worker loses little and progress shows. */
  readonly rangeRows: number;
  /** Of a share of the hashes, each of which costs a scan of the whole table: as many as MAX_BUCKETS carries. */
  readonly shareRows: number;
}

export const SEGMENT_SIZES: SegmentSizes = { rangeRows: 500_000, shareRows: MAX_BUCKETS * BUCKET_ROWS };

const powerOfTwo = (n: number) => 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, n))));

/**
 * Buckets of about BUCKET_ROWS rows. `ends`: the smallest and largest value of a key of one integer column; where its values
 * are so dense that equal ranges of at most MAX_WIDTH do, buckets are ranges, which an index can find. Else the hash of the
 * key spreads the rows.
 */
export function bucketScheme(rows: number, ends?: readonly [bigint, bigint]): BucketScheme {
  const wanted = Math.min(MAX_BUCKETS, Math.max(1, Math.ceil(rows / BUCKET_ROWS)));
  const split = Math.min(MAX_BUCKETS, Math.max(MIN_SPLIT, powerOfTwo(wanted)));
  const hashed: BucketScheme = { keyspace: 'hashed', lo: '0', width: '1', ranges: 1, split };
  if (!ends) return hashed;
  const span = ends[1] - ends[0] + 1n;
  const even = (span + BigInt(wanted) - 1n) / BigInt(wanted);
  const width = even > MAX_WIDTH ? MAX_WIDTH : even;
  const ranges = (span + width - 1n) / width;
  if (ranges > Math.min(MAX_BUCKETS, Math.max(4 * wanted, 65_536))) return hashed;
  return { keyspace: 'integer', lo: String(ends[0]), width: String(width), ranges: Number(ranges), split: 1 };
}

/** Smallest and largest key of either side; undefined unless the key is one integer column, and where both are empty. */
async function integerEnds(source: Session, target: Session, plan: TablePlan) {
  const [first, ...others] = keyColumns(plan);
  if (
    !first ||
    others.length > 0 ||
    !isInteger(first) ||
    (first.source && !isInteger({ ...first, type: first.source.type }))
  )
    return undefined;
  const of = async (session: Session, side: Side) => {
    const c = `t.${ident(first.name)}`;
    const [row] = await session.query(`select min(${c}), max(${c}) from ${tableSql(plan, side)} t`);
    return row ?? [];
  };
  const found = (await Promise.all([of(source, 'source'), of(target, 'target')]))
    .flat()
    .filter((x) => x !== null)
    .map(BigInt)
    .sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
  const [lo, hi] = [found[0], found.at(-1)];
  return lo === undefined || hi === undefined ? undefined : ([lo, hi] as const);
}

/** How a side gives a share of its rows: some of its pages, or of a view each row with a probability. */
function sample(plan: TablePlan, side: Side, parts: number, rows: number) {
  const unversioned = side === 'source' && plan.unversioned;
  if (unversioned) {
    const share = Math.min(1, (2_000 * parts) / rows);
    return { from: '', where: `pg_catalog.random() < ${share.toFixed(6)}` };
  }
  const pages = Math.max(1, (plan.rowsEstimate * plan.rowBytesEstimate) / 8192);
  const percent = Math.min(100, (100 * 30 * parts) / pages);
  return { from: `tablesample system (${percent.toFixed(6)}) repeatable (1)`, where: 'true' };
}

/**
 * Keys that split a side into `parts` of about equal size, in ascending order, from a sample: 30 pages a part, or 2,000 rows
 * of a view, which is one scan. By the whole key, so values that repeat in its first column do not matter. May be fewer.
 */
async function cutPoints(session: Session, plan: TablePlan, parts: number, rows: number): Promise<readonly RowBound[]> {
  const { side } = session;
  const { from, where } = sample(plan, side, parts, rows);
  const inScope = segmentCondition(plan, {}, side, 't', 2);
  const key = declaredKey(plan);
  const found = await session.query(
    `select ${key.map((_, i) => `q.k${i + 1}::text`).join(', ')}
     from (select ${key.map((k, i) => `${k} as k${i + 1}`).join(', ')},
             row_number() over (order by ${key.join(', ')}) as n, count(*) over () as total
           from ${tableSql(plan, side, from)} t ${side === 'source' && plan.select ? '' : from} where ${where} and ${inScope.sql}) q
     where q.n > 1 and (q.n - 1) * $1::int8 / q.total <> (q.n - 2) * $1::int8 / q.total order by q.n`,
    [String(parts), ...inScope.values],
  );
  return found.filter((row) => row.every((v) => v !== null)) as readonly RowBound[];
}

/** Rows of a table: by the statistics, or counted where a view has none. */
async function rowsOf(source: Session, plan: TablePlan): Promise<number> {
  if (!plan.unversioned) return Math.max(1, plan.rowsEstimate);
  const [row] = await source.query(`select count(*) from ${tableSql(plan, 'source')} t`);
  return Math.max(1, plan.rowsEstimate, Number(row?.[0]));
}

/** Without a sweep, every segment reads the whole window's part of the index: there are as few as its rows need. */
function rowsLookedAt({ window, changes }: TablePlan, rows: number): number {
  if (changes?.keys !== undefined) return Math.min(Math.max(1, changes.keys), rows);
  return window && !window.sweep ? Math.min(Math.max(1, window.rowsEstimate), rows) : rows;
}

/** Shares of the hash of the key: for keys that the two sides may order differently, and rows without a key. */
function shares(plan: TablePlan, rows: number, sizes: SegmentSizes): readonly Segment[] {
  const of = plan.selfReferencing ? 1 : Math.min(MAX_SEGMENTS, Math.ceil(rowsLookedAt(plan, rows) / sizes.shareRows));
  const rowsEstimate = Math.ceil(rows / of);
  const buckets = bucketScheme(rowsEstimate);
  return Array.from({ length: of }, (_, part) => ({ ...(of > 1 && { share: { part, of } }), rowsEstimate, buckets }));
}

/**
 * Cuts a table into segments of about equal size with open outer ends, each with its buckets (docs/adr/0009).
 *
 * Cost: two index look-ups a side for a key of one integer, for tables above `rangeRows` one sample; views are counted.
 */
export async function planSegments(
  source: Session,
  target: Session,
  plan: TablePlan,
  sizes: SegmentSizes = SEGMENT_SIZES,
): Promise<readonly Segment[]> {
  const rows = await rowsOf(source, plan);
  const computed = plan.select !== undefined && !plan.select.indexed;
  if (plan.keyless || plan.keys || computed || !(await ordersAgree(source, target, plan)))
    return shares(plan, rows, sizes);
  const ends = await integerEnds(source, target, plan);
  const parts = plan.selfReferencing
    ? 1
    : Math.min(MAX_SEGMENTS, Math.ceil(rowsLookedAt(plan, rows) / sizes.rangeRows));
  let cuts: readonly RowBound[] = [];
  if (parts > 1) cuts = await cutPoints(source, plan, parts, rows);
  if (parts > 1 && cuts.length === 0) cuts = await cutPoints(target, plan, parts, rows); // the source is (nearly) empty
  const rowsEstimate = Math.ceil(rows / (cuts.length + 1));
  return Array.from({ length: cuts.length + 1 }, (_, i): Segment => {
    const [from, to] = [cuts[i - 1], cuts[i]];
    const own = ends && ([from ? BigInt(from[0] ?? '') : ends[0], to ? BigInt(to[0] ?? '') - 1n : ends[1]] as const);
    return { ...(from && { from }), ...(to && { to }), rowsEstimate, buckets: bucketScheme(rowsEstimate, own) };
  });
}
