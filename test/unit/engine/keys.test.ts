import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Segment, TablePlan } from '../../../lib/model/table.ts';
import { bucketExpression, runBounds, segmentCondition } from '../../../lib/postgres/buckets.ts';
import { orderName } from '../../../lib/postgres/key-order.ts';
import { bucketScheme } from '../../../lib/postgres/planner.ts';

const INT8_MAX = 2n ** 63n - 1n;

test('ranges of integers hold at most 256 values, cover the whole stretch, and are few', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: INT8_MAX }),
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      fc.integer({ min: 1, max: 2 ** 31 }),
      (lo, length, rows) => {
        const hi = lo + length > INT8_MAX ? INT8_MAX : lo + length;
        const s = bucketScheme(rows, [lo, hi]);
        expect(s.ranges * s.split).toBeLessThanOrEqual(262_144);
        if (s.keyspace === 'hashed') return;
        expect(BigInt(s.width)).toBeLessThanOrEqual(256n);
        expect(BigInt(s.lo)).toBe(lo);
        expect(BigInt(s.lo) + BigInt(s.width) * BigInt(s.ranges)).toBeGreaterThan(hi);
      },
    ),
  );
});

test.each([
  ['dense', 1_000_000, [1n, 1_000_000n], 'integer'],
  ['with gaps', 1_000_000, [1n, 15_000_000n], 'integer'],
  ['dense, and more than the statistics say', 1, [1n, 1_000_000n], 'integer'],
  ['sparse', 1_000_000, [1n, 10n ** 18n], 'hashed'],
] as const)('keys that are %s', (_, rows, ends, keyspace) => {
  expect(bucketScheme(rows, ends).keyspace).toBe(keyspace);
});

test('hashed buckets are a power of two, about 16 rows each and at least 256', () => {
  expect(bucketScheme(500_000).split).toBe(32_768);
  expect(bucketScheme(1).split).toBe(256);
  expect(bucketScheme(10 ** 9).split).toBe(131_072);
});

test('ranges of runs meet without a gap, and the outermost are open', () => {
  const s = bucketScheme(16_000, [1n, 16_000n]);
  const all = Array.from({ length: s.ranges }, (_, i) => [i, i] as const);
  const { los, his } = runBounds(s, all) ?? { los: [], his: [] };

  expect(los[0]).toBe('-9223372036854775808');
  expect(his.at(-1)).toBe('9223372036854775807');
  expect(his.slice(0, -1).map((h) => BigInt(h) + 1n)).toEqual(los.slice(1).map(BigInt));
});

const ICU = {
  provider: 'i',
  locale: 'en-US',
  rules: null,
  deterministic: true,
  version: '153.1',
  actual: '153.1',
  encoding: '6',
};

test('two collations are one order only when everything that decides it is the same', () => {
  expect(orderName(ICU)).toBe(orderName({ ...ICU }));
  for (const other of [
    { locale: 'de-DE' },
    { rules: '&a < b' },
    { deterministic: false },
    { version: '154', actual: '154' },
    { encoding: '8' },
    { provider: 'c' },
  ])
    expect(orderName({ ...ICU, ...other })).not.toBe(orderName(ICU));
});

test('an order is vouched for only with a library version that its indexes were built with', () => {
  expect(orderName({ ...ICU, actual: '154' })).toBeUndefined();
  expect(orderName({ ...ICU, actual: null })).toBeUndefined();
  expect(orderName({ ...ICU, version: null, actual: null })).toBeUndefined();
});

test('bytes order alike whatever they are called', () => {
  const c = orderName({ ...ICU, provider: 'c', locale: 'C', version: null, actual: null });
  expect(c).toBeDefined();
  expect(orderName({ ...ICU, provider: 'c', locale: 'POSIX', version: null, actual: null })).toBe(c);
  expect(orderName({ ...ICU, provider: 'b', locale: 'C.UTF-8', version: '1', actual: '1' })).toBe(c);
});

const TEXT = { schema: 'pg_catalog', name: 'text', kind: 'b', base: { schema: 'pg_catalog', name: 'text', kind: 'b' } };
const plan = {
  source: { schema: 'public', name: 't' },
  target: { schema: 'public', name: 't' },
  columns: [
    { name: 'county "x"', type: TEXT },
    { name: 'no', type: TEXT },
  ],
  key: ['county "x"', 'no'],
  filters: [],
  fingerprint: 'fast',
} as unknown as TablePlan; // what these expressions read

test('bounds are compared with the whole key, so that an index over it finds them', () => {
  const segment = { from: ['a', '1'], to: ['a', '2'] };

  const { sql, values } = segmentCondition(plan, segment, 'source', 't', 3);

  expect(sql).toBe(
    '(t."county ""x""", t."no") >= ($3::text::"pg_catalog"."text", $4::text::"pg_catalog"."text") and ' +
      '(t."county ""x""", t."no") < ($5::text::"pg_catalog"."text", $6::text::"pg_catalog"."text")',
  );
  expect(values).toEqual(['a', '1', 'a', '2']);
});

test('the share of a row and its bucket come from different bits of one hash', () => {
  const segment: Pick<Segment, 'share'> = { share: { part: 2, of: 5 } };

  const { sql, values } = segmentCondition(plan, segment, 'source', 't', 1);

  expect(values).toEqual([]);
  expect(sql).toMatch(/ >> 33\) & 1073741823\) % 5 = 2$/);
  expect(bucketExpression(plan, bucketScheme(16_000), 'source', 't')).toMatch(/ & 1023\)$/);
});
