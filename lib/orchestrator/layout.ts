import type { BucketScheme, Segment } from '../model/table.ts';

/** A table may have grown or shrunk this much before it is cut anew: buckets then hold 4 to 64 rows instead of 16. */
const FACTOR = 4;

/** Below this many rows a factor says little. */
const FEW_ROWS = 1_000;

/** Rows that may lie outside the ends of a layout: they share its outermost bucket, which is opened whole. */
const outsideRows = (rows: number) => Math.min(2_000, 64 + rows / 8);

/** Room at the upper end, in widths of the last segment: keys mostly grow upwards, and ranges without rows cost nothing. */
const ROOM = 2;

/** Most buckets of a segment, as the planner has it. */
const MAX_BUCKETS = 131_072;

/** Farthest end of the room: beyond it arithmetic in int8 would overflow. */
const FARTHEST = 2 ** 61;

const rowsOf = (segments: readonly Segment[]) => segments.reduce((n, s) => n + s.rowsEstimate, 0);

/** Ends of a scheme in its keyspace; without the room where `filled` is asked for. Approximate above 2^53. */
function spanOf(s: BucketScheme, filled: boolean): readonly [lo: number, hi: number] {
  const lo = Number(s.lo);
  return [lo, lo + Number(s.width) * (filled ? (s.filled ?? s.ranges) : s.ranges)];
}

/** How many rows of a freshly cut table lie in a span, if they are spread evenly within its segments. */
function rowsIn(fresh: readonly Segment[], [lo, hi]: readonly [number, number]): number {
  return fresh.reduce((n, segment) => {
    const [a, b] = spanOf(segment.buckets, true);
    const shared = Math.max(0, Math.min(b, hi) - Math.max(a, lo));
    return n + (segment.rowsEstimate * shared) / (b - a);
  }, 0);
}

const within = (now: number, then: number) => {
  const ratio = (now + FEW_ROWS) / (then + FEW_ROWS);
  return ratio <= FACTOR && ratio >= 1 / FACTOR;
};

/**
 * Whether a table may be compared by the buckets of an earlier job, so that what was filed by bucket is found again: about
 * as many rows, in the whole and in each segment, and hardly any beyond its ends. A job that looks at a window cuts a table
 * into fewer segments and does not need them balanced. Pure.
 */
export function layoutFits(stored: readonly Segment[], fresh: readonly Segment[], windowed = false): boolean {
  // shares of a hash are taken where the two sides may order keys differently, and ranges are then no good
  if ((stored[0]?.share === undefined) !== (fresh[0]?.share === undefined)) return false;
  if (!within(rowsOf(fresh), rowsOf(stored))) return false;
  if (windowed) return true;
  if ([...stored, ...fresh].some((s) => s.buckets.keyspace === 'hashed')) {
    const kinds = (segments: readonly Segment[]) => segments.map((s) => s.buckets.keyspace).join();
    return kinds(stored) === kinds(fresh);
  }
  const inside = stored.map((s) => rowsIn(fresh, spanOf(s.buckets, false)));
  const outside = rowsOf(fresh) - inside.reduce((a, b) => a + b, 0);
  return (
    outside <= outsideRows(rowsOf(fresh)) &&
    stored.every((s, i) => within(Math.max(inside[i] ?? 0, s.rowsEstimate), s.rowsEstimate))
  );
}

/** The same segments with room behind the last one, so that a table that grows keeps its buckets. Pure. */
export function withRoom(segments: readonly Segment[]): readonly Segment[] {
  const last = segments.at(-1);
  if (!last || last.buckets.keyspace === 'hashed') return segments;
  const { buckets } = last;
  const ranges = Math.min(buckets.ranges * (1 + ROOM), Math.floor(MAX_BUCKETS / buckets.split));
  const end = spanOf({ ...buckets, ranges }, false)[1];
  const span = end - Number(buckets.lo);
  if (ranges <= buckets.ranges || Math.max(end, span) > FARTHEST) return segments;
  return [...segments.slice(0, -1), { ...last, buckets: { ...buckets, ranges, filled: buckets.ranges } }];
}
