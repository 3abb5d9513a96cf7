import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { createCountyPair } from '../support/county.ts';
import type { TestDatabase, TestPair } from '../support/databases.ts';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { differences } from '../support/faults.ts';
import { runJob } from '../support/in-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

/** Every row of every table, whatever the order it lies in; rows by their bytes, so that a collation changes nothing. */
async function digest(db: TestDatabase): Promise<Record<string, string>> {
  const tables = await db.client.query(`select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_|information_schema|tf_sync' order by 1`);
  const all: Record<string, string> = {};
  for (const { name } of tables.rows) {
    const { rows } = await db.client.query(`select t::text as row from ${name} t order by t::text collate "C"`);
    const hash = createHash('sha256');
    for (const { row } of rows) hash.update(`${row}\n`);
    all[name] = `${rows.length} ${hash.digest('hex')}`;
  }
  return all;
}

const PLAIN: Partial<JobConfig> = { delete_mode: 'mirror', max_delete_percent: 100 };

async function county(config: Partial<JobConfig>) {
  await using pair = await createCountyPair();
  const { job, counts } = await runJob(pair, { ...PLAIN, ...config });
  return { state: job.state, counts, digest: await digest(pair.target) };
}

describe('the county ends the same, count by count and byte by byte, with', () => {
  const undisturbed = county({});

  test.each([
    ['chunks of one row', { batch_size: 1 }],
    ['chunks of seven rows', { batch_size: 7 }],
    ['eight tables and eight segments at once', { max_parallel_tables: 8, max_parallel_operations: 8 }],
    ['chunks of one row, eight tables at once', { batch_size: 1, max_parallel_tables: 8 }],
    ['a full final comparison', { verify: 'all' }],
  ] as const)('%s', async (_, config) => {
    const expected = await undisturbed;

    expect(await county(config)).toEqual(expected);
    expect(expected.state).toBe('completed');
    expect(Object.keys(expected.digest).length).toBeGreaterThan(5);
  });
});

/** Keys that collations order, fold and weigh differently; values with accents, blanks and nothing. */
const KEYS = [
  'a',
  'A',
  'b',
  'B',
  'ä',
  'Ä',
  'a b',
  'ab',
  'a-b',
  'a_b',
  'é',
  'e',
  'É',
  'ß',
  'ss',
  'z',
  'Z',
  '10',
  '9',
  '-1',
  '_',
  'ı',
  'I',
  'i',
  '山',
  '',
];

const TABLES = `create table by_text (k text primary key, v text, n numeric, at timestamptz, j jsonb);
  create table by_two (k varchar(20), n int, v text, primary key (k, n));
  create table by_time (k timestamptz primary key, v double precision)`;

async function fill(pair: TestPair): Promise<void> {
  for (const db of [pair.source, pair.target]) await db.client.query(TABLES);
  const keys = KEYS.flatMap((k) => Array.from({ length: 12 }, (_, i) => (i === 0 ? k : `${k}${i}`)));
  const unique = [...new Set(keys)];
  const insert = `insert into by_text select k, 'v' || k, n / 7.0, '2024-01-01'::timestamptz + n * interval '1 hour', jsonb_build_object(k, n) from unnest($1::text[]) with ordinality u(k, n)`;
  await pair.source.client.query(insert, [unique]);
  await pair.source.client.query(
    `insert into by_two select t.k, g, t.v from by_text t, generate_series(1, 3) g; insert into by_time select at, extract(epoch from at) / 3 from by_text`,
  );
  await pair.target.client.query(insert, [unique.filter((_, i) => i % 3 > 0)]);
  await pair.target.client.query(`update by_text set v = 'old' where n::int % 5 = 0; insert into by_text (k) values ('only here'), ('NUR hier');
    insert into by_two select k, 2, 'old' from by_text`);
}

const SAME_SERVER = inject('cluster').url;
const OTHER = process.env.TEST_POSTGIS_URL;
const C = `template template0 encoding 'UTF8' locale 'C'`;
const GERMAN = `template template0 encoding 'UTF8' locale_provider icu icu_locale 'de-DE' locale 'C'`;
const FOLDING = `template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US-u-kn-true-kf-upper' locale 'C'`;

async function equalAfterwards(from: readonly [string, string], to: readonly [string, string]) {
  await using source = await createDatabaseAt(...from);
  await using target = await createDatabaseAt(...to);
  const pair: TestPair = { source, target, [Symbol.asyncDispose]: async () => undefined };
  await fill(pair);

  const first = await runJob(pair, { ...PLAIN, max_parallel_tables: 8 });
  const second = await runJob(pair, PLAIN);

  expect(first.job.failure).toBeUndefined();
  expect(first.job.state).toBe('completed');
  expect(first.counts.deleted).toBe(4); // two keys in each of two tables
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
  expect(await differences(pair)).toEqual({});
  expect(await digest(target)).toEqual(await digest(source));
}

test.each([
  ['two orders of text', GERMAN, C],
  ['bytes and an order that reads numbers', C, FOLDING],
])('source and target end equal between %s', async (_, from, to) => {
  await equalAfterwards([SAME_SERVER, from], [SAME_SERVER, to]);
});

describe('source and target end equal between', () => {
  beforeEach(({ skip }) => skip(!OTHER, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));
  const other = OTHER ?? '';

  test.each([
    ['PostgreSQL 18 and 15', [SAME_SERVER, C], [other, C]],
    ['PostgreSQL 15 and 18', [other, C], [SAME_SERVER, C]],
    ['PostgreSQL 15 in one order of text and 18 in another', [other, GERMAN], [SAME_SERVER, FOLDING]],
  ] as const)('%s', async (_, from, to) => {
    await equalAfterwards(from, to);
  });
});
