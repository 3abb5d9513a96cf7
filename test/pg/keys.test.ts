import { describe, expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { layoutOf, portsWith } from '../support/planned.ts';

const ROWS = 6_000;
const SIZES = { rangeRows: 1_000, shareRows: 1_500 };

/** A kind of key: columns of the table (key first), and SQL for row number i from 1 to ROWS. */
interface Kind {
  readonly columns: string;
  readonly key: string;
  readonly values: string;
  /** How the target declares the columns, where it differs. */
  readonly inTarget?: string;
  /** What segments are: ranges of the key, or shares of its hash. */
  readonly cut: 'ranges' | 'shares';
  readonly before?: string;
}

/** Text with mixed case, accents, punctuation and digits, in which '10' stands before or after '9' by collation. */
const WORDS = `(array['a', 'A', 'ä', 'Ä', 'z', 'Z', '_', '-', 'é', 'e', 'ß', 'ss'])[1 + i % 12] || i`;

const kinds: Readonly<Record<string, Kind>> = {
  'dense integers': { columns: 'k int', key: 'k', values: 'i', cut: 'ranges' },
  'sparse integers, gaps of 1e12': { columns: 'k int8', key: 'k', values: 'i * 1000000000000', cut: 'ranges' },
  'clusters of integers with gaps of 1e12': {
    columns: 'k int8',
    key: 'k',
    values: 'i / 500 * 1000000000000 + i % 500',
    cut: 'ranges',
  },
  'skewed integers, 90 % in 1 % of the space': {
    columns: 'k int8',
    key: 'k',
    values: 'case when i <= 5400 then i * 10 else 5400000 + (i - 5400) * 9000 end',
    cut: 'ranges',
  },
  'both ends of bigint': {
    columns: 'k int8',
    key: 'k',
    values: 'case i when 1 then -9223372036854775808 when 2 then 9223372036854775807 else i end',
    cut: 'ranges',
  },
  'county and parcel number': {
    columns: 'county text collate "C", no text collate "C"',
    key: 'county, no',
    values: `'0' || i % 3, lpad((i * 7919 % 10007)::text, 6, '0') || '-' || i`,
    cut: 'ranges',
  },
  'parcel and year': {
    columns: 'parcel int, year int2',
    key: 'parcel, year',
    values: 'i / 4, 2020 + i % 4',
    cut: 'ranges',
  },
  'text, bytewise on both sides': { columns: 'k text collate "C"', key: 'k', values: WORDS, cut: 'ranges' },
  'text, ICU en-US on both sides': { columns: 'k text collate "en-US-x-icu"', key: 'k', values: WORDS, cut: 'ranges' },
  'text, ICU en-US against C': {
    columns: 'k text collate "en-US-x-icu"',
    inTarget: 'k text collate "C"',
    key: 'k',
    values: WORDS,
    cut: 'shares',
  },
  'text, ICU with numbers by value against ICU en-US': {
    before: `create collation public.numbers (provider = icu, locale = 'en-u-kn-true')`,
    columns: 'k text collate public.numbers',
    inTarget: 'k text collate "en-US-x-icu"',
    key: 'k',
    values: WORDS,
    cut: 'shares',
  },
  'text, nondeterministic on both sides': {
    before: `create collation public.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    columns: 'k text collate public.folded',
    key: 'k',
    values: `(array['ä', 'z', '_'])[1 + i % 3] || i`,
    cut: 'ranges',
  },
  'char(n)': { columns: 'k char(9) collate "C"', key: 'k', values: `'p' || i`, cut: 'ranges' },
  uuid: { columns: 'k uuid', key: 'k', values: `md5(i::text)::uuid`, cut: 'ranges' },
  'numeric, with NaN and infinities': {
    columns: 'k numeric',
    key: 'k',
    values: `case i when 1 then 'NaN' when 2 then 'Infinity' when 3 then '-Infinity' else i * 1.50 - 4000 end`,
    cut: 'ranges',
  },
  'date, with infinities': {
    columns: 'k date',
    key: 'k',
    values: `case i when 1 then 'infinity' when 2 then '-infinity' when 3 then '4713-01-01 BC' else date '1900-01-01' + i end`,
    cut: 'ranges',
  },
  'timestamptz and number': {
    columns: 'at timestamptz, n int',
    key: 'at, n',
    values: `case when i < 10 then 'infinity' else timestamptz '2020-01-01' + i / 3 * interval '1 microsecond' end, i`,
    cut: 'ranges',
  },
  'enum and number': {
    before: `create type public.kind as enum ('b', 'a', 'c')`,
    columns: 'kind public.kind, n int',
    key: 'kind, n',
    values: `(array['a', 'b', 'c'])[1 + i % 3]::public.kind, i`,
    cut: 'shares',
  },
};

/** The same rows on both sides. */
async function setUp(pair: TestPair, kind: Kind) {
  for (const [db, columns] of [
    [pair.source, kind.columns],
    [pair.target, kind.inTarget ?? kind.columns],
  ] as const) {
    if (kind.before) await db.client.query(kind.before);
    await db.client.query(`create table t (${columns}, v int, primary key (${kind.key}))`);
    // in an order of its own on each side
    await db.client.query(
      `insert into t select ${kind.values}, i from generate_series(1, ${ROWS}) i order by md5(i || '${columns}')`,
    );
    await db.client.query('analyze t');
  }
}

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  test('segments are balanced, small in their buckets, and the same rows on both sides', async () => {
    await using pair = await createPair();
    await setUp(pair, kind);

    const { segments, source, target, largestBucket } = await layoutOf(pair, {}, SIZES);

    expect(segments.some((s) => s.share !== undefined)).toBe(kind.cut === 'shares');
    expect(segments.length).toBeGreaterThanOrEqual(4);
    expect(source.reduce((a, b) => a + b, 0)).toBe(ROWS);
    expect(target).toEqual(source);
    expect(Math.max(...source)).toBeLessThanOrEqual(3 * Math.min(...source));
    expect(largestBucket).toBeLessThanOrEqual(256);
  });

  test('a job brings every difference over, in segments of its own, and a second one finds none', async () => {
    await using pair = await createPair();
    await setUp(pair, kind);
    await pair.source.client.query('update t set v = -v where v % 500 = 7; delete from t where v % 1000 = 3');
    await pair.target.client.query('delete from t where v % 1000 = 11');

    const first = await runJob(pair, { delete_mode: 'mirror' }, {}, portsWith(SIZES));
    const second = await runJob(pair, { delete_mode: 'mirror' }, {}, portsWith(SIZES));

    expect(first.job.failure).toBeUndefined();
    expect(first.counts).toMatchObject({ updated: 12, inserted: 6, deleted: 6, kept: 0 });
    expect(second.counts).toMatchObject({ updated: 0, inserted: 0, deleted: 0, unchanged: ROWS - 6 });
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });
});

test('databases whose own collations differ end equal, row by row', async () => {
  await using pair = await createPair({
    source: { name: 'icu en-US', collation: 'en-US', build: async () => undefined },
  });
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (owner text, no text, v int, primary key (owner, no))');
  await pair.source.client.query(
    `insert into t select ${WORDS.replaceAll(' || i', '')}, (i * 7919 % 10007)::text, i from generate_series(1, ${ROWS}) i; analyze t`,
  );
  await pair.target.client.query(
    `insert into t select ${WORDS.replaceAll(' || i', '')}, (i * 7919 % 10007)::text, -i from generate_series(3000, 9000) i; analyze t`,
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', max_delete_percent: 100 }, {}, portsWith(SIZES));

  const order = (db: TestPair['source']) =>
    db.client.query(`select string_agg(x, ' ' order by x) from unnest(array['10', '9', 'a', 'B', 'ä']) x`);
  expect((await order(pair.source)).rows).not.toEqual((await order(pair.target)).rows);
  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 2999, updated: 3001, deleted: 3000, quarantined: 0 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test.each([
  ['in the order of the key', 'i'],
  ['in any order', 'md5(i::text)'],
])('a sample of the pages is enough to balance segments: rows stored %s', async (_, order) => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(
      'create table t (county text collate "C", no text collate "C", note text, primary key (county, no))',
    );
    await db.client.query(
      `insert into t select 'c' || (i % 10) / 4, lpad(i::text, 7, '0'), repeat('x', 150) from generate_series(1, 60000) i order by ${order}; analyze t`,
    );
  }

  const { plan, segments, source, target, largestBucket } = await layoutOf(
    pair,
    {},
    { rangeRows: 4_000, shareRows: 1 },
  );

  expect((plan.rowsEstimate * plan.rowBytesEstimate) / 8192).toBeGreaterThan(30 * segments.length); // it is a sample
  expect(segments.length).toBe(15);
  expect(target).toEqual(source);
  expect(Math.max(...source)).toBeLessThanOrEqual(3 * Math.min(...source));
  expect(largestBucket).toBeLessThanOrEqual(64);
});
