import type { Client } from 'pg';
import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { Secret } from '../../lib/model/secret.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { type Outcome, type Ports, ports, runJob, start } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

const QUIET = { max_quiet_runs: 10 } as const;

const run = (pair: TestPair, config: Config = {}, mode: JobMode = 'incremental', p: Ports = ports()) =>
  runJob(pair, { ...QUIET, ...config }, {}, p, mode);

/** Runs SQL, and has the server count it now and not when it likes. */
const write = async (client: Client, sql: string) => {
  await client.query(sql);
  await client.query('select pg_stat_force_next_flush()');
};

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

/** How each table was looked at: why all of it was, or since when it was not. */
async function looks({ ports: p, job }: Outcome): Promise<Record<string, unknown>> {
  const tables = await p.jobs.tables(job.job_id);
  return Object.fromEntries(tables.map((t) => [t.name, t.untouched ? t.untouched.runs : t.whole]));
}

/** Scans of `t` of any kind that a server has counted. */
const scans = async (client: Client) =>
  Number(
    (await client.query(`select seq_scan + coalesce(idx_scan, 0) as n from pg_stat_user_tables where relname = 't'`))
      .rows[0].n,
  );

/** `t` with the same 100 rows on both sides, compared by one job and passed over by the next. */
async function quiet(config: Config = {}): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await write(
      client,
      `create type mood as enum ('sad', 'glad'); create table t (id int primary key, x text, m mood default 'sad');
       insert into t select i, 'v' || i from generate_series(1, 100) i`,
    );
  await run(pair, config);
  expect(await looks(await run(pair, config))).toEqual({ 'public.t': 1 });
  return pair;
}

test('a table that nobody has touched is passed over: neither server scans it, and the status says so', async () => {
  await using pair = await quiet();
  const before = [await scans(pair.source.client), await scans(pair.target.client)];

  const again = await run(pair);
  const [table] = await again.ports.jobs.tables(again.job.job_id);
  const events = await eventsOf(again.ports.audit, again.job.job_id);
  const prepared = events.find((e) => e.type === 'job.prepared')?.data as { tables: object[] };

  expect(again.job.state).toBe('completed');
  expect(again.counts.read).toBe(0);
  expect([await scans(pair.source.client), await scans(pair.target.client)]).toEqual(before);
  expect(table).toMatchObject({ state: 'untouched', segments: 0, untouched: { runs: 2, rows: 100, kept: 0 } });
  expect(prepared.tables[0]).toMatchObject({ untouched: { runs: 2 } });
});

test.each<[string, string, (pair: TestPair) => Promise<unknown>]>([
  ['a row is inserted', 'source_touched', ({ source }) => write(source.client, `insert into t values (101, 'new')`)],
  ['a row is changed', 'source_touched', ({ source }) => write(source.client, `update t set x = 'new' where id = 5`)],
  ['a row is deleted', 'source_touched', ({ source }) => write(source.client, `delete from t where id = 5`)],
  ['a row is edited in the target', 'target_touched', ({ target }) => write(target.client, `update t set x = 'mine'`)],
  ['the target is emptied', 'storage_changed', ({ target }) => write(target.client, 'truncate t')],
  [
    'a column is made anew with another default, which writes no row',
    'storage_changed',
    ({ source }) => write(source.client, `alter table t drop x; alter table t add x text default 'anew'`),
  ],
  [
    'a label of an enum gets another name, which writes no row',
    'storage_changed',
    async ({ source, target }) => {
      for (const { client } of [source, target]) await write(client, `alter type mood add value 'glum'`);
      await write(source.client, `alter type mood rename value 'sad' to 'blue'`);
      await write(target.client, `alter type mood add value 'blue'`);
    },
  ],
  ['the statistics are reset', 'counting_began_anew', ({ source }) => source.client.query('select pg_stat_reset()')],
])('a table is compared again when %s', async (_, why, change) => {
  await using pair = await quiet();
  await change(pair);

  const found = await run(pair, { delete_mode: 'tracked' });

  expect(await looks(found)).toEqual({ 'public.t': why });
  expect(found.job.failure).toBeUndefined();
  expect(found.counts.read).toBeGreaterThanOrEqual(100);
  expect(await different(pair)).toEqual({});
});

test('what a job writes is not trusted: only a comparison that writes nothing makes a table quiet', async () => {
  await using pair = await quiet();
  await write(pair.source.client, `update t set x = 'new' where id = 5`);

  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await looks(await run(pair)))['public.t']);

  expect(seen).toEqual(['source_touched', 'source_touched', 1, 2]);
  expect(await different(pair)).toEqual({});
});

test('a transaction that was open while the table was compared, and commits later, is found', async () => {
  await using pair = await quiet();
  await pair.source.client.query('select pg_stat_reset()'); // so that the next job compares
  const late = await connect(pair.source.name);
  await late.query(`begin; update t set x = 'late' where id = 7`);

  const during = await run(pair);
  await late.query('commit');
  await late.end(); // counted at the latest when its session ends
  const after = await run(pair);

  expect(await looks(during)).toEqual({ 'public.t': 'counting_began_anew' });
  expect(await looks(after)).toEqual({ 'public.t': 'source_touched' });
  expect(after.counts.updated).toBe(1);
  expect(await different(pair)).toEqual({});
});

test('a write that the server counts late is found late, and not lost', async () => {
  await using pair = await quiet();
  await pair.source.client.query('select pg_stat_force_next_flush()');
  await pair.source.client.query(`update t set x = 'uncounted' where id = 5`); // within a second: not counted yet

  await run(pair); // may pass over it
  await pair.source.client.query('select pg_stat_force_next_flush()');
  await run(pair);

  expect(await different(pair)).toEqual({});
});

test('so many jobs in a row pass over it and no more; verify: all does not', async () => {
  await using pair = await quiet({ max_quiet_runs: 3 });

  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await looks(await run(pair, { max_quiet_runs: 3 })))['public.t']);
  const all = await run(pair, { max_quiet_runs: 3, verify: 'all' });
  const off = await run(pair, { max_quiet_runs: 0 });
  const dry = await run(pair, { dry_run: true });
  const full = await run(pair, {}, 'full');

  expect(seen).toEqual([2, 3, 'quiet_runs_used', 1]);
  expect(await looks(all)).toEqual({ 'public.t': 'verify_all' });
  expect([off, dry, full].map((r) => r.counts.read)).toEqual([100, 100, 100]);
});

test('only touched tables are compared, and what is known of keys survives', async () => {
  await using pair = await quiet();
  for (const { client } of [pair.source, pair.target])
    await write(client, 'create table u (id int primary key); insert into u values (1), (2)');

  const first = await run(pair);
  await write(pair.source.client, 'insert into u values (3)');
  const second = await run(pair);
  await write(pair.source.client, 'delete from t where id = 5');
  const third = await run(pair);

  expect(await looks(first)).toEqual({ 'public.t': 2, 'public.u': 'not_known_equal' });
  expect(await looks(second)).toEqual({ 'public.t': 3, 'public.u': 'source_touched' });
  expect(await looks(third)).toMatchObject({ 'public.t': 'source_touched' });
  expect(third.counts.deleted).toBe(1);
  expect(await different(pair)).toEqual({});
});

test('rows that stay as the target has them are told; rules that would decide them otherwise are no excuse', async () => {
  await using pair = await quiet();
  await write(pair.target.client, `insert into t values (900, 'mine')`);

  await run(pair);
  const kept = await run(pair);
  const mirror = await run(pair, { delete_mode: 'mirror' });

  expect((await kept.ports.jobs.tables(kept.job.job_id))[0]?.untouched).toMatchObject({ rows: 101, kept: 1 });
  expect(await looks(mirror)).toEqual({ 'public.t': 'not_known_equal' });
  expect(mirror.counts.deleted).toBe(1);
});

test('a table with rows in quarantine is compared by each job', async () => {
  await using pair = await quiet();
  await pair.target.client.query(`alter table t add constraint no check (x <> 'bad')`);
  await write(pair.source.client, `update t set x = 'bad' where id = 5`);

  const seen = [await run(pair), await run(pair), await run(pair)];

  expect(seen.map((r) => r.counts.quarantined)).toEqual([1, 1, 1]);
});

test('a role that may not see since when the server counts has every table compared, and is told why', async () => {
  await using pair = await quiet();
  const role = `reader_${pair.source.name}`;
  await pair.source.client.query(`create role ${role} login password 'reader'; grant select on t to ${role}`);
  const reader = {
    source: { connection: { ...pair.source.connection, user: role, password: new Secret('reader') } },
    target: pair.target,
  };

  try {
    const without = await runJob(reader, QUIET, {}, ports(), 'incremental');
    await pair.source.client.query(`grant pg_read_all_stats to ${role}`);
    const granted = await runJob(reader, QUIET, {}, ports(), 'incremental');

    expect(await looks(without)).toEqual({ 'public.t': 'not_counted' });
    expect(await looks(granted)).toEqual({ 'public.t': 2 });
  } finally {
    await pair.source.client.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('a strategy that does not compare everything refuses the option', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, updated_at timestamptz)');

  const error = await start(pair, { ...QUIET, detection_strategy: 'timestamp' }).catch((e) => e);

  expect(error.problems.map((p: { code: string; field: string }) => [p.code, p.field])).toEqual([
    ['option_not_supported', '/config/max_quiet_runs'],
  ]);
});

test.each(['content', 'primary_key'] as const)('%s passes over a quiet table too', async (detection_strategy) => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await write(client, `create table t (id int primary key, x text); insert into t values (1, 'a')`);

  const seen = [];
  for (let i = 0; i < 2; i++) seen.push((await looks(await run(pair, { detection_strategy })))['public.t']);

  expect(seen).toEqual(['not_known_equal', 1]);
});
