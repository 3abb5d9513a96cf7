import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from '../../support/compare.ts';
import { createDatabase, createPair, type TestDatabase } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';
import { EXTENSIONS, FAMILIES, PREPARATION, type Sampled, XML } from './values.ts';

const SEED = 20_261_123;
const ROWS = 120;

let families: readonly Sampled[];
let extensions: readonly string[];

beforeAll(async () => {
  await using database = await createDatabase();
  const { rows } = await database.client.query('select name from pg_available_extensions');
  const names = Object.keys(EXTENSIONS);
  extensions = rows.map((r) => r.name as string).filter((n) => names.includes(n)); // raw text
  const xml = await database.client.query(`select '<a/>'::xml`).then(
    () => [XML],
    () => [], // built without libxml
  );
  families = [...FAMILIES, ...xml, ...extensions.flatMap((n) => EXTENSIONS[n] ?? [])];
});

/** A table with a column of every type. */
async function prepare({ client }: TestDatabase): Promise<void> {
  await client.query(`${PREPARATION} create schema ext`);
  for (const name of extensions) await client.query(`create extension ${name} schema ext`);
  const columns = families.map((f, i) => `c${i} ${f.type}`);
  await client.query(`create table every_type (id int primary key, ${columns.join(', ')})`);
}

async function fill({ client }: TestDatabase, seed: number, keys: readonly number[]): Promise<void> {
  const samples = families.map((f) => fc.sample(fc.option(f.value, { freq: 8 }), { seed, numRuns: keys.length }));
  const lists = families.map((f, i) => `u.c${i}::${f.type}`);
  const arrays = families.map((_, i) => `$${i + 2}::text[]`);
  // a domain that refuses NULL gets a number
  const values = samples.map((s, i) => (families[i]?.type === 'public.amount' ? s.map((v) => v ?? '1.00') : s));
  await client.query(
    `insert into every_type select u.id, ${lists.join(', ')}
     from unnest($1::int[], ${arrays.join(', ')}) u(id, ${families.map((_, i) => `c${i}`).join(', ')})`,
    [keys, ...values],
  );
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test.each([1, 1000])(
  'copies every type bit for bit, and finds nothing to do the second time (batch size %i)',
  async (batch_size) => {
    await using pair = await createPair();
    await prepare(pair.source);
    await prepare(pair.target);
    await fill(pair.source, SEED, range(0, ROWS));
    await fill(pair.target, SEED + 1, range(ROWS / 2, ROWS)); // each row of these differs

    const first = await runJob(pair, { batch_size });
    const before = await rowVersions(pair.target.client);
    const second = await runJob(pair, { batch_size });

    expect(first.job.failure).toBeUndefined();
    expect(first.counts).toMatchObject({ inserted: ROWS / 2, updated: ROWS / 2, unchanged: 0 });
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: ROWS });
    expect(await rowVersions(pair.target.client)).toEqual(before);
  },
);
