import type { BucketScheme, Keyspace, PlannedColumn, RelationName, Segment, TablePlan } from '../model/table.ts';
import { firstKeyColumn, instantAt } from './buckets.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/**
 * Rows per bucket. Each spread difference opens a whole bucket on both sides, and again when it is verified; finer buckets
 * cost little (1 million rows: 1.70 s of CPU with 64, 1.78 with 16). With 16 instead of 64, a fenced row value and larger
 * segments the data phase with 0.2 % spread differences went from 6.3 to 3.6 s (test/bench/results.md).
 */
const BUCKET_ROWS = 16;

/** Rows per segment: about a second of comparing, so that a killed worker loses little and progress shows. */
const SEGMENT_ROWS = 500_000;

/** One SyncTable execution carries at most this many segments (DESIGN section 3). */
const MAX_SEGMENTS = 400;

/** Bounds the sums held in memory and the groups of one aggregate. */
const MAX_BUCKETS = 262_144;

const INTEGERS = ['int2', 'int4', 'int8'];
const TIMES = ['timestamptz', 'timestamp', 'date'];

export function keyspaceOf(column: PlannedColumn): Keyspace {
  const { schema, name } = column.type.base;
  if (schema !== 'pg_catalog') return 'hashed';
  if (INTEGERS.includes(name)) return 'integer';
  return TIMES.includes(name) ? 'epoch' : 'hashed';
}

const powerOfTwo = (n: number) => 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, n))));

/**
 * Buckets for a stretch of the keyspace, about BUCKET_ROWS rows each if keys are spread evenly in it.
 *
 * Positions are integers, or seconds since 1970 for `epoch`. Where many rows share a first key value, ranges of one value
 * are split by the hash of the other key columns.
 */
export function bucketScheme(
  keyspace: Keyspace,
  lo: number | bigint,
  hi: number | bigint,
  rows: number,
  composite: boolean,
): BucketScheme {
  const wanted = Math.min(MAX_BUCKETS, Math.max(1, Math.ceil(rows / BUCKET_ROWS)));
  if (keyspace === 'hashed') return { keyspace, lo: '0', width: '1', ranges: 1, split: powerOfTwo(wanted) };
  if (keyspace === 'epoch') {
    const span = Math.max(1, Number(hi) - Number(lo) + 1);
    const width = Math.max(span / wanted, 0.001); // timestamps have microseconds; a range of a millisecond is narrow enough
    return { keyspace, lo: String(lo), width: String(width), ranges: Math.max(1, Math.ceil(span / width)), split: 1 };
  }
  const span = BigInt(hi) - BigInt(lo) + 1n;
  const width = (span + BigInt(wanted) - 1n) / BigInt(wanted);
  const ranges = Number((span + width - 1n) / width);
  const split = composite && width === 1n ? powerOfTwo(wanted / ranges) : 1;
  return { keyspace, lo: String(lo), width: String(width), ranges, split };
}

interface Extent {
  /** Smallest and largest finite position on either side; undefined when both sides are empty. */
  readonly ends?: readonly [bigint, bigint] | readonly [number, number];
}

/** SQL for the position of a key value: the integer itself, or its seconds since 1970. */
function position(column: string, keyspace: Keyspace): string {
  return keyspace === 'epoch' ? `pg_catalog.date_part('epoch', ${column})` : `${column}::int8`;
}

async function endsOf(
  session: Session,
  table: RelationName,
  column: string,
  keyspace: Keyspace,
): Promise<readonly (string | null)[]> {
  const c = ident(column);
  const finite = keyspace === 'epoch' ? ` where pg_catalog.isfinite(${c})` : '';
  const [row] = await session.query(
    `select ${position('a', keyspace)}::text, ${position('b', keyspace)}::text from (select min(${c}) a, max(${c}) b from ${relation(table)}${finite}) q`,
  );
  return row ?? [null, null];
}

async function extent(source: Session, target: Session, plan: TablePlan, keyspace: Keyspace): Promise<Extent> {
  if (keyspace === 'hashed') return {};
  const { name } = firstKeyColumn(plan);
  const found = (
    await Promise.all([endsOf(source, plan.source, name, keyspace), endsOf(target, plan.target, name, keyspace)])
  )
    .flat()
    .filter((x) => x !== null);
  if (found.length === 0) return {};
  if (keyspace === 'epoch') {
    const at = found.map(Number);
    return { ends: [Math.floor(Math.min(...at)), Math.ceil(Math.max(...at))] };
  }
  const at = found.map(BigInt).sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
  return { ends: [at[0] as bigint, at.at(-1) as bigint] }; // found is not empty
}

/**
 * Positions that split the source into `parts` of about equal size, from a sample of its pages (30 a part; a partition
 * without rows adds none). Strictly ascending; may be fewer than parts - 1 when values repeat.
 */
async function quantiles(
  session: Session,
  plan: TablePlan,
  keyspace: Keyspace,
  parts: number,
): Promise<readonly string[]> {
  const column = `t.${ident(firstKeyColumn(plan).name)}`;
  const pages = Math.max(1, (plan.rowsEstimate * plan.rowBytesEstimate) / 8192);
  const percent = Math.min(100, (100 * 30 * parts) / pages);
  const rows = await session.query(
    `select distinct v from (
       select unnest(percentile_disc((select array_agg(i::float8 / $1::int) from generate_series(1, $1::int - 1) i))
         within group (order by ${position(column, keyspace)})) v
       from ${relation(plan.source)} t tablesample system (${percent.toFixed(6)}) repeatable (1)
       ${keyspace === 'epoch' ? `where pg_catalog.isfinite(${column})` : ''}) q
     where v is not null order by v`,
    [String(parts)],
  );
  return rows.map((r) => r[0] ?? '');
}

/** A position as text of the key's type, rounded down to a whole second for times. */
async function boundText(
  session: Session,
  column: PlannedColumn,
  keyspace: Keyspace,
  at: readonly string[],
): Promise<readonly string[]> {
  if (keyspace === 'integer' || at.length === 0) return at;
  const instant = instantAt(column.type, 'floor(v)');
  const rows = await session.query(
    `select (${instant})::text from unnest($1::float8[]) with ordinality u(v, n) order by n`,
    [at],
  );
  return rows.map((r) => r[0] ?? '');
}

/** Without a sweep, every segment reads the whole window's part of the index: there are as few as its rows need. */
function rowsLookedAt({ window, rowsEstimate }: TablePlan): number {
  return window && !window.sweep ? Math.min(window.rowsEstimate, rowsEstimate) : rowsEstimate;
}

/**
 * Cuts a table into segments of about equal size with open outer ends, each with its buckets.
 *
 * Cost: two index look-ups a side for the ends, and for tables above 500,000 rows one sample of the source.
 */
export async function planSegments(source: Session, target: Session, plan: TablePlan): Promise<readonly Segment[]> {
  const column = firstKeyColumn(plan);
  const { ends } = await extent(source, target, plan, keyspaceOf(column));
  const tooWide =
    ends !== undefined && BigInt(Math.trunc(Number(ends[1]))) - BigInt(Math.trunc(Number(ends[0]))) >= 2n ** 62n;
  const keyspace = tooWide ? 'hashed' : keyspaceOf(column);
  const rows = Math.max(1, plan.rowsEstimate);
  const composite = plan.key.length > 1;
  if (keyspace === 'hashed' || !ends) {
    const kind = ends ? keyspace : keyspaceOf(column) === 'hashed' ? 'hashed' : keyspace;
    return [{ rowsEstimate: plan.rowsEstimate, buckets: bucketScheme(kind, 0, 0, rows, composite) }];
  }
  const parts = plan.selfReferencing ? 1 : Math.min(MAX_SEGMENTS, Math.ceil(rowsLookedAt(plan) / SEGMENT_ROWS));
  const cuts =
    parts < 2
      ? []
      : (await quantiles(source, plan, keyspace, parts)).filter(
          (v) => Number(v) > Number(ends[0]) && Number(v) <= Number(ends[1]),
        );
  const at = keyspace === 'epoch' ? [...new Set(cuts.map((v) => String(Math.floor(Number(v)))))] : cuts;
  const bounds = await boundText(source, column, keyspace, at);
  const positions = [ends[0], ...at.map((v) => (keyspace === 'epoch' ? Number(v) : BigInt(v))), ends[1]];
  const share = Math.ceil(rows / (at.length + 1));
  return Array.from({ length: at.length + 1 }, (_, i): Segment => {
    const lo = positions[i] as bigint; // positions has length + 2 entries; number or bigint by keyspace
    const hi = positions[i + 1] as bigint;
    return {
      ...(i > 0 && { from: bounds[i - 1] as string }), // one bound per cut
      ...(i < at.length && { to: bounds[i] as string }),
      rowsEstimate: share,
      buckets: bucketScheme(keyspace, lo, hi, share, composite),
    };
  });
}
