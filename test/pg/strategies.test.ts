import { expect, test } from 'vitest';
import { detectionStrategyNames } from '../../lib/change-detector/registry.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createCountyPair } from '../support/county.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

const seesContents = detectionStrategyNames.filter((name) => name !== 'primary_key');

async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (a int, b text, x numeric, y jsonb, primary key (a, b))');
  await pair.source.client.query(
    `insert into t select i % 20, 'b' || i, i * 1.5, jsonb_build_object('n', i) from generate_series(1, 500) i`,
  );
  await pair.target.client.query(`insert into t select i % 20, 'b' || i, case when i % 50 = 0 then 0 else i * 1.5 end, jsonb_build_object('n', i)
    from generate_series(11, 520) i`);
}

test.each(detectionStrategyNames)('%s finds missing and extra keys', async (strategy) => {
  await using pair = await createPair();
  await setUp(pair);

  const { job, counts } = await runJob(pair, { detection_strategy: strategy, delete_mode: 'mirror', batch_size: 3 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 10, deleted: 20, kept: 0, read: 520 });
});

test.each(seesContents)('%s finds changed values, and equal ones equal', async (strategy) => {
  await using pair = await createPair();
  await setUp(pair);

  const { counts } = await runJob(pair, { detection_strategy: strategy, delete_mode: 'mirror' });

  expect(counts).toMatchObject({ updated: 10, unchanged: 480 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test.each(seesContents)(
  '%s brings the county in step, and finds nothing the second time',
  { timeout: 60_000 },
  async (strategy) => {
    await using pair = await createCountyPair();

    const first = await runJob(pair, { detection_strategy: strategy, delete_mode: 'mirror', max_delete_percent: 100 });
    const second = await runJob(pair, { detection_strategy: strategy, delete_mode: 'mirror' });

    expect(first.job.state).toBe('completed');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: second.counts.read });
  },
);

test('primary_key leaves contents alone', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const { counts } = await runJob(pair, { detection_strategy: 'primary_key' });

  expect(counts).toMatchObject({ inserted: 10, updated: 0, unchanged: 490, kept: 20 });
  expect((await pair.target.client.query('select count(*) from t where x = 0')).rows[0].count).toBe('10');
});

test('content counts numbers within the tolerance as equal, and no others', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query('create table m (id int primary key, area float8, value numeric)');
  await pair.source.client.query('insert into m values (1, 100.0, 10), (2, 100.0, 10), (3, 100.0, 10), (4, null, 10)');
  await pair.target.client.query(
    'insert into m values (1, 100.0009, 10), (2, 100.0011, 10), (3, 100.0, 10.0001), (4, 0, 10)',
  );

  const { counts } = await runJob(pair, { detection_strategy: 'content', tolerances: { 'public.m.area': 0.001 } });

  expect(counts).toMatchObject({ updated: 3, unchanged: 1 });
});
