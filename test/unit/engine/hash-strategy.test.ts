import fc from 'fast-check';
import { expect, test } from 'vitest';
import { detectByHash } from '../../../lib/change-detector/by-hash.ts';
import type { BucketRun } from '../../../lib/model/change.ts';
import type { SegmentReader } from '../../../lib/ports.ts';

const noWindow = () => Promise.reject(new Error('hash looks at no window'));

/** A side in memory: key -> value, eight keys a bucket. The sum of a bucket is its sorted content, so it cannot collide. */
function side(rows: ReadonlyMap<number, string>, opened: number[] = []): SegmentReader {
  const bucketOf = (key: number) => Math.floor(key / 8);
  const within = (b: number, runs?: readonly BucketRun[]) => !runs || runs.some(([lo, hi]) => b >= lo && b <= hi);
  const inRuns = (runs?: readonly BucketRun[]) => [...rows].filter(([key]) => within(bucketOf(key), runs));
  return {
    async sums(runs) {
      const groups = Map.groupBy(inRuns(runs), ([key]) => bucketOf(key));
      return [...groups].map(([bucket, list]) => ({
        bucket,
        rows: list.length,
        hash: JSON.stringify(list.toSorted(([a], [b]) => a - b)),
      }));
    },
    readRows: 1000,
    isEmpty: async () => rows.size === 0,
    read: () => Promise.reject(new Error('hash never reads values')),
    alike: () => false,
    page: noWindow,
    inWindow: noWindow,
    fingerprints: noWindow,
    waiting: noWindow,
    placed: noWindow,
    descended: noWindow,
    present: noWindow,
    passing: noWindow,
    keysOnly: () => side(rows, opened),
    async open(runs) {
      for (const [lo, hi] of runs) for (let b = lo; b <= hi; b++) opened.push(b);
      return inRuns(runs).map(([key, fingerprint]) => ({ bucket: bucketOf(key), key: [String(key)], fingerprint }));
    },
  };
}

async function detect(s: SegmentReader, t: SegmentReader, after = -1) {
  const findings = [];
  for await (const f of detectByHash(s, t, { after, pageRows: 1_000 })) findings.push(f);
  return findings;
}

const table = fc
  .dictionary(fc.nat(200).map(String), fc.constantFrom('a', 'b', 'c'))
  .map((d) => new Map(Object.entries(d).map(([k, v]) => [Number(k), v])));

test('finds exactly the keys that differ, and counts the rest as equal', async () => {
  await fc.assert(
    fc.asyncProperty(table, table, async (s, t) => {
      const findings = await detect(side(s), side(t));

      const found = findings.flatMap((f) => f.differences).map((d) => `${d.kind} ${d.key[0]}`);
      const keys = new Set([...s.keys(), ...t.keys()]);
      const expected = [...keys].flatMap((k) => {
        if (!t.has(k)) return [`source_only ${k}`];
        if (!s.has(k)) return [`target_only ${k}`];
        return s.get(k) === t.get(k) ? [] : [`both_differ ${k}`];
      });
      expect(found.sort()).toEqual(expected.sort());
      expect(findings.reduce((n, f) => n + f.equal, 0)).toBe(keys.size - expected.length);
    }),
    { numRuns: 500 },
  );
});

test('opens only buckets that differ', async () => {
  const rows = new Map(Array.from({ length: 800 }, (_, i) => [i, 'same'] as const));
  const opened: number[] = [];

  await detect(side(rows), side(new Map([...rows, [404, 'other']]), opened));

  expect(opened).toEqual([50]);
});

test('looks at nothing up to the cursor', async () => {
  const findings = await detect(
    side(
      new Map([
        [1, 'a'],
        [90, 'b'],
      ]),
    ),
    side(new Map()),
    5,
  );

  expect(findings.flatMap((f) => f.differences).map((d) => d.key)).toEqual([['90']]);
});
