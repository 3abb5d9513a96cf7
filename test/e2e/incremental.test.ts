import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { type E2eService, runNode, startService } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** Without overlap nothing but the horizon keeps a late row from being missed. */
const BARE = { detection_strategy: 'timestamp', timestamp_overlap_seconds: 0 } as const;

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

const incremental = async (pair: TestPair, config: Partial<JobConfig> = {}) =>
  service.waitForEnd(await service.startIncremental(pair, { ...BARE, ...config }));

async function inStep(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table t (id int primary key, x text, updated_at timestamptz default now())`);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 100) i`);
  await service.waitForEnd(await service.startFull(pair, BARE));
  return pair;
}

test('over HTTP: a transaction held open over two incremental syncs is not missed by the one after it', async () => {
  await using pair = await inStep();
  const late = await connect(pair.source.name);
  await late.query(
    `begin; insert into t values (901, 'late'); update t set x = 'late', updated_at = now() where id = 9`,
  );
  await pair.source.client.query(`insert into t values (902, 'early')`);

  const during = [await incremental(pair), await incremental(pair)];
  await late.query('commit');
  await late.end();
  const after = await incremental(pair);

  expect(during.map((s) => s.state)).toEqual(['completed', 'completed']);
  expect(during.map((s) => s.counts.inserted)).toEqual([1, 0]);
  expect(during.map((s) => s.counts.read).every((n) => n < 100)).toBe(true);
  expect(after).toMatchObject({ mode: 'incremental', counts: { inserted: 1, updated: 1 } });
  expect(after.tables[0]).toMatchObject({ window: { column: 'updated_at' } });
  expect(after.tables[0]?.whole).toBeUndefined();
  expect(await different(pair)).toEqual({});
});

test('a table new to the pair is loaded in full within the same job, and status and command line say so', async () => {
  await using pair = await inStep();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table fresh (id int primary key, updated_at timestamptz default '2001-01-01')`);
  await pair.source.client.query(`insert into fresh select generate_series(1, 500)`);

  const job = await service.startIncremental(pair, BARE);
  const status = await service.waitForEnd(job);
  const shown = await runNode([
    'cli/tfsync.ts',
    '--url',
    service.url,
    '--token-file',
    join(service.dataDir, 'token'),
    'status',
    job,
  ]);
  const again = await incremental(pair);

  expect(status.counts.inserted).toBe(500);
  expect(status.tables.map((t) => [t.name, t.whole])).toEqual([
    ['public.fresh', 'no_watermark'],
    ['public.t', undefined],
  ]);
  expect(shown.stdout).toMatch(/public\.fresh: Compared whole, because no job over this pair has completed/);
  expect(shown.stdout).toMatch(/public\.t: Rows that updated_at says changed since \d{4}-/);
  expect(again.counts.read).toBe(0);
  expect(again.tables.map((t) => t.window?.column)).toEqual(['updated_at', 'updated_at']);
  expect(await different(pair)).toEqual({});
});

test('a dry run reports what an incremental sync would do, and moves no watermark', async () => {
  await using pair = await inStep();
  await pair.source.client.query(`update t set x = 'new', updated_at = now() where id <= 3`);

  const dry = await incremental(pair, { dry_run: true });
  const real = await incremental(pair);

  expect([dry.counts.updated, real.counts.updated]).toEqual([3, 3]);
  expect(await different(pair)).toEqual({});
});

test('a mapping that changed is compared whole and says so; a second start while one runs is refused', async () => {
  await using pair = await inStep();
  await pair.source.client.query(`update t set x = 'unseen', updated_at = '2001-01-01' where id = 7`);

  const [first, second] = await Promise.all([
    service.post('/api/sync/incremental', body(pair, { columns: { 'public.t': { include: ['x', 'updated_at'] } } })),
    service.post('/api/sync/incremental', body(pair, { filters: { 'public.t': [FILTER] } })),
  ]);
  const [won, lost] = first.status === 202 ? [first, second] : [second, first];
  const status = await service.waitForEnd(won.body.job_id);

  expect([won.status, lost.status, lost.body.code]).toEqual([202, 409, 'target_busy']);
  expect(status.tables.map((t) => t.whole)).toEqual(
    won === first ? [undefined] : ['mapping_changed'], // naming all columns is the same mapping
  );
});

test('a table that nobody has touched is passed over by the deployed functions, and the command line says so', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key); insert into t select generate_series(1, 100)');
  const counted = async () => {
    for (const { client } of [pair.source, pair.target]) await client.query('select pg_stat_force_next_flush()');
  };
  const run = async () => service.waitForEnd(await service.startIncremental(pair, { max_quiet_runs: 5 }));
  await counted();

  const whole = await run();
  const quiet = await run();
  const shown = await runNode([
    'cli/tfsync.ts',
    '--url',
    service.url,
    '--token-file',
    join(service.dataDir, 'token'),
    'status',
    quiet.job_id,
  ]);
  await pair.source.client.query('delete from t where id = 5');
  await counted();
  const touched = await run();

  expect(whole.tables[0]).toMatchObject({ whole: 'not_known_equal', counts: { read: 100 } });
  expect(quiet).toMatchObject({ state: 'completed', counts: { read: 0 } });
  expect(quiet.tables[0]).toMatchObject({
    state: 'untouched',
    validation: 'untouched',
    untouched: { runs: 1, rows: 100 },
  });
  expect(shown.stdout).toMatch(
    /public\.t: Passed over: no write was counted on either side since it compared equal at/,
  );
  expect(shown.stdout).toMatch(/Completed: what was looked at compares equal\./);
  expect(touched.tables[0]).toMatchObject({ whole: 'source_touched', counts: { deleted: 1 } });
  expect(await different(pair)).toEqual({});
});

const FILTER = { column: 'id', op: 'lte', value: 50 };
const body = (pair: TestPair, config: object) => ({
  source_connection: pair.source.url,
  target_connection: pair.target.url,
  config: { ...BARE, ...config },
});
