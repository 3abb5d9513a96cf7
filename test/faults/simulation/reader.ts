import type { BucketRun, RowKey } from '../../../lib/model/change.ts';
import type { Segment } from '../../../lib/model/table.ts';
import type { RowReader } from '../../../lib/ports.ts';
import type { World } from './world.ts';

/** Takes one turn of the schedule, as the named call to one side. */
export type Ask = <T>(label: string, look: () => T) => Promise<T>;

const within = (bucket: number, runs: readonly BucketRun[] | undefined) =>
  !runs || runs.some(([a, b]) => a <= bucket && bucket <= b);

/** Which bucket of its segment a key is in: equal ranges, the outer ones open. */
export function bucketOf(key: string, { buckets }: Segment): number {
  const range = Math.floor((Number(key) - Number(buckets.lo)) / Number(buckets.width));
  return Math.max(0, Math.min(buckets.ranges - 1, range));
}

const inSegment = (key: string, { from, to }: Segment) =>
  (from === undefined || Number(key) >= Number(from[0])) && (to === undefined || Number(key) < Number(to[0]));

/** One side of a segment over the rows of the world. */
export function simReader(
  world: World,
  side: 'source' | 'target',
  table: string,
  segment: Segment,
  ask: Ask,
): RowReader {
  const rows = () => world[side].get(table) ?? new Map();
  const own = (runs?: readonly BucketRun[]) =>
    [...rows()]
      .filter(([key]) => inSegment(key, segment) && within(bucketOf(key, segment), runs))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([key, { value }]) => ({
        bucket: bucketOf(key, segment),
        key: [key],
        fingerprint: value,
        canonical: [key, value],
      }));
  const reader: RowReader = {
    isEmpty: () => ask('isEmpty', () => own().length === 0),
    sums: (runs) =>
      ask('sums', () =>
        [...Map.groupBy(own(runs), (r) => r.bucket)].map(([bucket, all]) => ({
          bucket,
          rows: all.length,
          hash: all.map((r) => `${r.key[0]}=${r.fingerprint}`).join('|'),
        })),
      ),
    open: (runs) => ask('open', () => own(runs)),
    read: (runs) => ask('read', () => own(runs)),
    alike: (_column, a, b) => a === b,
    readRows: 1_000,
    page: async () => [],
    inWindow: async () => [],
    waiting: async () => [],
    placed: async () => [],
    descended: async () => [],
    present: async () => [],
    keysOnly: () => reader,
    prints: async () => [], // no plan of the simulation decides conflicts
    fingerprints: (keys) => ask('fingerprints', () => own().filter((r) => keys.some(([k]) => k === r.key[0]))),
    passing: (keys) => ask('passing', () => keys.filter(([k]) => own().some((r) => r.key[0] === k))),
    rows: (keys) =>
      ask('rows', () => {
        const found = keys.flatMap(([key = '']: RowKey) => {
          const row = rows().get(key);
          return row ? [{ key: [key], fingerprint: row.value, values: [key, row.value] }] : [];
        });
        return { rows: found, tooLarge: [], failed: [], covered: keys.length };
      }),
    changedSince: (keys) =>
      ask('changedSince', () =>
        keys.filter(([key = '']) => (rows().get(key)?.version ?? Number.POSITIVE_INFINITY) > snapshotOf(segment)),
      ),
  };
  return reader;
}

/** The planner keeps the source's version of the plan in the segment, because a reader is not told its job. */
const snapshotOf = (segment: Segment) => (segment as Segment & { readonly snapshot?: number }).snapshot ?? 0;
