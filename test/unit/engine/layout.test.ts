import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Generation } from '../../../lib/model/baseline.ts';
import type { Segment } from '../../../lib/model/table.ts';
import { fileUnder } from '../../../lib/orchestrator/baseline.ts';
import { copyRuns } from '../../../lib/orchestrator/copy-pass.ts';
import { layoutFits, withRoom } from '../../../lib/orchestrator/layout.ts';
import { bucketScheme } from '../../../lib/postgres/planner.ts';

/** A table of `rows` rows with keys from `lo` to `hi`, cut into `parts`. */
function cut(lo: number, hi: number, rows: number, parts = 1): readonly Segment[] {
  const step = Math.ceil((hi - lo + 1) / parts);
  return Array.from({ length: parts }, (_, i): Segment => {
    const [from, to] = [lo + i * step, Math.min(hi, lo + (i + 1) * step - 1)];
    return {
      ...(i > 0 && { from: [String(from)] }),
      ...(i < parts - 1 && { to: [String(to + 1)] }),
      rowsEstimate: Math.ceil(rows / parts),
      buckets: bucketScheme(Math.ceil(rows / parts), [BigInt(from), BigInt(to)]),
    };
  });
}

test.each([
  ['the same', cut(1, 1e6, 1e6, 2), true],
  ['10 % more at the end, in the room', cut(1, 1.1e6, 1.1e6, 2), true],
  ['twice as many at the end, in the room', cut(1, 2e6, 2e6, 4), true],
  ['three times as many at the end, beyond the room', cut(1, 3e6, 3e6, 6), false],
  ['as many below its beginning', cut(-1e6, 1e6, 2e6, 4), false],
  ['ten rows below its beginning', cut(-10, 1e6, 1e6, 2), true],
  ['a fifth of the rows', cut(1, 1e6, 2e5), false],
  ['a third of the rows', cut(1, 1e6, 3.4e5), true],
  ['five times the rows between the same ends', cut(1, 1e6, 5e6, 10), false],
  ['all of the rows in one segment', cut(1, 499_999, 3e6, 6), false],
] as const)('a layout of a million rows in two segments, and now %s: fits is %s', (_, now, fits) => {
  expect(layoutFits(withRoom(cut(1, 1e6, 1e6, 2)), now)).toBe(fits);
});

test('a table that was empty is cut anew when it has rows', () => {
  expect(layoutFits(withRoom(cut(0, 0, 1)), cut(1, 900, 900))).toBe(false);
  expect(layoutFits(withRoom(cut(0, 0, 1)), cut(1, 40, 40))).toBe(true);
});

test('hashed keys fit while there are about as many', () => {
  const hashed = (rows: number): Segment[] => [{ rowsEstimate: rows, buckets: bucketScheme(rows) }];

  expect(layoutFits(hashed(100_000), hashed(350_000))).toBe(true);
  expect(layoutFits(hashed(100_000), hashed(450_000))).toBe(false);
  expect(layoutFits(hashed(100_000), cut(1, 100_000, 100_000))).toBe(false);
  expect(withRoom(hashed(100_000))).toEqual(hashed(100_000));
});

test('room leaves every bucket of a table where it was, and nothing overflows', () => {
  fc.assert(
    fc.property(
      fc.bigInt(-(2n ** 62n), 2n ** 62n),
      fc.bigInt(0n, 2n ** 60n),
      fc.integer({ min: 1, max: 1e6 }),
      (lo, span, rows) => {
        const before: Segment = { rowsEstimate: rows, buckets: bucketScheme(rows, [lo, lo + span]) };
        const [after] = withRoom([before]) as [Segment];
        if (before.buckets.keyspace === 'hashed') return void expect(after).toEqual(before);

        const { filled = after.buckets.ranges, ranges } = after.buckets;
        expect({ ...after.buckets, ranges: 0, filled: 0 }).toEqual({ ...before.buckets, ranges: 0, filled: 0 });
        expect(filled).toBe(before.buckets.ranges);
        expect(ranges).toBeGreaterThanOrEqual(filled);
        expect(ranges * after.buckets.split).toBeLessThanOrEqual(Math.max(131_072, filled * after.buckets.split));
        const end = BigInt(after.buckets.lo) + BigInt(after.buckets.width) * BigInt(ranges);
        if (ranges > filled) expect(end - BigInt(after.buckets.lo)).toBeLessThan(2n ** 63n);
      },
    ),
  );
});

test('copy chunks cover what is behind the cursor, each bucket once, room included', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3e6 }),
      fc.integer({ min: 1, max: 1e5 }),
      fc.integer({ min: -1, max: 400_000 }),
      (rows, bytes, after) => {
        const [segment] = withRoom(cut(1, rows, rows)) as [Segment];
        const total = segment.buckets.ranges * segment.buckets.split;

        const runs = copyRuns(segment, bytes, after);

        let next = Math.max(0, after + 1);
        for (const [first, last] of runs) {
          expect(first).toBe(next);
          next = last + 1;
        }
        if (after < total - 1) expect(next).toBe(total);
        else expect(runs).toEqual([]);
      },
    ),
  );
});

const generation = (id: number, more: Partial<Generation> = {}): Generation => ({
  id,
  stamp: 's',
  layout: withRoom(cut(1, 1000, 1000)),
  whole: true,
  ...more,
});

test.each([
  ['nothing yet', [], false, 'begin', [], []],
  ['one that fits', [generation(7)], false, { id: 7 }, [], []],
  ['one of another stamp', [generation(7, { stamp: 'x' })], false, 'begin', [], [7]],
  ['one of another size', [generation(7, { layout: cut(1, 9, 9e6) })], false, 'begin', [7], []],
  ['a begun one over a whole one', [generation(8, { whole: false }), generation(7)], false, { id: 8 }, [7], []],
  [
    'a whole one over others',
    [generation(9), generation(8, { whole: false }), generation(7)],
    false,
    { id: 9 },
    [],
    [8, 7],
  ],
  ['a dry run and none that fits', [generation(7, { layout: cut(1, 9, 9e6) }), generation(6)], true, 'none', [7], []],
] as const)('files keys with %s', (_, earlier, dry, own, older, drop) => {
  expect(fileUnder(earlier, cut(1, 1000, 1000), { stamp: 's', dryRun: dry })).toMatchObject({ own, older, drop });
});
