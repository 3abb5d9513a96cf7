import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { Secret } from '../../lib/model/secret.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { KILLED, type Outcome, type Ports, ports, runJob, start } from '../support/in-process.ts';
import { meddled } from '../support/meddle.ts';
import { eventsOf } from '../support/trail.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

/** Without overlap nothing but the horizon keeps a late row from being missed. */
const BARE = { detection_strategy: 'timestamp', timestamp_overlap_seconds: 0 } as const;

const run = (pair: TestPair, mode: JobMode, config: Config = {}, p: Ports = ports()): Promise<Outcome> =>
  runJob(pair, { ...BARE, ...config }, {}, p, mode);

/** `t` with rows in the source alone, and a full job done. */
async function inStep(type = 'timestamptz', rows = 100): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table t (id int primary key, x text, updated_at ${type} default now())`);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, ${rows}) i`);
  await run(pair, 'full');
  return pair;
}

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const windows = async ({ ports: p, job }: Outcome) => (await p.jobs.tables(job.job_id)).map((t) => t.window);
const prepared = async ({ ports: p, job }: Outcome) =>
  (await eventsOf(p.audit, job.job_id)).find((e) => e.type === 'job.prepared')?.data as {
    horizon_unknown?: string;
    tables: { whole?: string }[];
  };
const horizons = async (pair: TestPair) =>
  (await pair.target.client.query('select horizon from tf_sync.watermark order by horizon')).rows.map((r) => r.horizon);

test('a transaction that stays open over two jobs, and commits with an old stamp, is found by the next', async () => {
  await using pair = await inStep();
  const late = await connect(pair.source.name);
  await late.query(
    `begin; insert into t values (901, 'late'); update t set x = 'late', updated_at = now() where id = 9`,
  );
  await pair.source.client.query(`insert into t values (902, 'early')`);

  const during = [await run(pair, 'incremental'), await run(pair, 'incremental')];
  const between = await different(pair);
  await late.query('commit');
  await late.end();
  const after = await run(pair, 'incremental');

  expect(during.map((r) => r.counts.inserted)).toEqual([1, 0]);
  expect(between).toEqual({});
  expect(after.counts).toMatchObject({ inserted: 1, updated: 1 });
  expect(await different(pair)).toEqual({});
});

test('a prepared transaction is found when it commits, however long before it was prepared it began', async () => {
  await using pair = await inStep();
  const late = await connect(pair.source.name);
  await late.query(`begin; insert into t values (901, 'late')`);
  await run(pair, 'incremental');
  await late.query(`prepare transaction '${pair.source.name}'`);
  await late.end();

  const during = [await run(pair, 'incremental'), await run(pair, 'incremental')];
  await pair.source.client.query(`commit prepared '${pair.source.name}'`);
  const after = await run(pair, 'incremental');

  expect((await prepared(during[0] as Outcome)).horizon_unknown).toBe('prepared_transaction');
  expect(after.counts.inserted).toBe(1);
  expect(await different(pair)).toEqual({});
  expect((await prepared(after)).horizon_unknown).toBeUndefined();
});

test('a session that hides its transactions holds the watermark where it is', async () => {
  await using pair = await inStep();
  const before = await horizons(pair);
  const hidden = await connect(pair.source.name);
  await hidden.query(`set track_activities = off`);
  await hidden.query(`begin; insert into t values (901, 'late')`);

  const during = await run(pair, 'incremental');
  const held = await horizons(pair);
  await hidden.query('commit');
  await hidden.end();
  const after = await run(pair, 'incremental');

  expect((await prepared(during)).horizon_unknown).toBe('untracked_session');
  expect(held).toEqual(before);
  expect(after.counts.inserted).toBe(1);
});

test('thousands of equal stamps are paged through, and a crash in the middle repeats none of them', async () => {
  await using pair = await inStep();
  for (const db of [pair.source, pair.target]) await db.client.query('create table writes (id int)');
  await pair.target.client.query(`create function note() returns trigger language plpgsql as
    'begin insert into public.writes values (new.id); return null; end';
    create trigger note after insert on t for each row execute function note()`);
  await pair.source.client.query(`insert into t select i, 'same' from generate_series(1001, 6000) i`);
  const onCommit = async (n: number, commit: () => Promise<void>) => {
    if (n === 13) throw new Error(KILLED); // within the second page of a thousand rows
    await commit();
    if (n === 27) throw new Error(KILLED);
  };
  const pages: number[] = [];
  const onPage = async (rows: number) => void pages.push(rows);
  const p = { ...ports(), databases: meddled({ onCommit, onPage }) };
  const config = { ...BARE, batch_size: 100, tables: { include: ['public.t'] } };

  const { job, counts } = await runJob(pair, config, { redeliver: true }, p, 'incremental');
  const { rows } = await pair.target.client.query('select count(*), count(distinct id) as ids from writes');

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ read: 5000, inserted: 5000, unchanged: 0 });
  expect(rows).toEqual([{ count: '5000', ids: '5000' }]);
  expect(Math.max(...pages)).toBe(1000);
  expect(pages.length).toBeGreaterThan(10);
});

test('rows that move on while the job pages are met in the rest, or by the next job', async () => {
  await using pair = await inStep('timestamptz', 4000);
  await pair.source.client.query(`update t set x = 'once', updated_at = now()`);
  let page = 0;
  const onPage = async () => {
    const at = ++page * 500; // rows that were read, and rows that were not
    await pair.source.client.query(
      `update t set x = 'again ${page}', updated_at = clock_timestamp() where id between ${at} and ${at + 1500}`,
    );
  };
  const p = { ...ports(), databases: meddled({ onPage }) };

  const during = await run(pair, 'incremental', { batch_size: 100 }, p);
  const pages = page;
  const after = await run(pair, 'incremental');

  expect(during.job.state).toBe('completed');
  expect(pages).toBeGreaterThan(5);
  expect(after.job.state).toBe('completed');
  expect(await different(pair)).toEqual({});
});

test('a job takes what is committed when it looks, though an older transaction holds the watermark back', async () => {
  await using pair = await inStep();
  const reader = await connect(pair.source.name);
  await reader.query('begin; select count(*) from t');
  await pair.source.client.query(`insert into t values (901, 'new')`);

  const { counts } = await run(pair, 'incremental');
  await reader.query('commit');
  await reader.end();

  expect(counts.inserted).toBe(1);
});

test('rows without a usable stamp are always looked at', async () => {
  await using pair = await inStep();
  await pair.source.client.query(`update t set x = 'null', updated_at = null where id = 1;
    update t set x = 'ever', updated_at = 'infinity' where id = 2; update t set x = 'never', updated_at = '-infinity' where id = 3;
    update t set x = 'future', updated_at = '9999-12-31' where id = 4; update t set x = 'BC', updated_at = '0044-03-15 BC' where id = 5`);

  const first = await run(pair, 'incremental');
  await pair.source.client.query(`update t set x = x || ' again' where id <= 5`);
  const second = await run(pair, 'incremental');

  expect(first.counts.updated).toBe(4);
  expect(second.counts.updated).toBe(4);
  expect(await different(pair)).toEqual({ 'public.t': { missing: 0, extra: 0, different: 1 } }); // the one before the window
});

test.each([
  ['timestamp', `(now() at time zone 'UTC') - interval '12 hours'`],
  ['timestamp', `(now() at time zone 'UTC') + interval '14 hours'`],
  ['date', `((now() at time zone 'UTC') - interval '12 hours')::date`],
  ['timestamptz(0)', `date_trunc('second', now())`],
])('a stamp of type %s that reads %s is not missed', async (type, stamp) => {
  await using pair = await inStep(type);
  await pair.source.client.query(`update t set x = 'new', updated_at = ${stamp} where id = 7`);

  const { counts, job } = await run(pair, 'incremental');

  expect(job.failure).toBeUndefined();
  expect(counts.updated).toBe(1);
});

test('the sweep finds deleted and missing rows, and honours delete_mode', async () => {
  await using pair = await inStep();
  await pair.source.client.query('delete from t where id <= 10');
  await pair.target.client.query('delete from t where id > 90');

  const without = await run(pair, 'incremental', { delete_mode: 'mirror' });
  const keep = await run(pair, 'incremental', { delete_mode: 'keep', key_sweep: true });
  const mirror = await run(pair, 'incremental', { delete_mode: 'mirror', key_sweep: true });

  expect(without.counts).toMatchObject({ inserted: 0, deleted: 0, kept: 0 });
  expect(keep.counts).toMatchObject({ inserted: 10, deleted: 0, kept: 10, skipped: 80, read: 100 });
  expect(mirror.counts).toMatchObject({ inserted: 0, deleted: 10, kept: 0, skipped: 90, read: 100 });
  expect(mirror.job.state).toBe('completed');
  expect(await different(pair)).toEqual({});
});

test.each([1, 2, 4])('a crash after commit %i of a sweep that inserts changes no count', async (at) => {
  await using pair = await inStep();
  await pair.target.client.query('delete from t where id between 40 and 49');
  const onCommit = async (n: number, commit: () => Promise<void>) => {
    await commit();
    if (n === at) throw new Error(KILLED);
  };
  const p = { ...ports(), databases: meddled({ onCommit }) };
  const config = { ...BARE, key_sweep: true, batch_size: 3 };

  const { job, counts } = await runJob(pair, config, { redeliver: true }, p, 'incremental');

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 10, unchanged: 0, skipped: 90, read: 100 });
});

test('the guard on deletes knows how many rows there are, though the sweep looked at their keys alone', async () => {
  await using pair = await inStep('timestamptz', 2000);
  await pair.source.client.query(
    `delete from t where id <= 150; update t set x = 'new', updated_at = now() where id > 1990`,
  );
  const config = { delete_mode: 'mirror', key_sweep: true } as const;

  const few = await run(pair, 'incremental', config);
  await pair.source.client.query(`delete from t where id <= 400`);
  const many = await run(pair, 'incremental', config);

  expect(few.job.failure).toBeUndefined();
  expect(few.counts).toMatchObject({ updated: 10, deleted: 150, skipped: 1840, read: 2000 });
  expect(many.job.pause?.code).toBe('confirm_required');
  expect((await pair.target.client.query('select count(*) from t')).rows[0].count).toBe('1850');
});

test.each<[string, string, (pair: TestPair) => Promise<unknown>, Config]>([
  [
    'the source was filled anew with old stamps',
    'storage_changed',
    (pair) =>
      pair.source.client.query(
        `create table copy as select * from t; truncate t; insert into t select * from copy; update t set x = 'restored' where id = 5; drop table copy`,
      ),
    {},
  ],
  ['the target was emptied', 'storage_changed', (pair) => pair.target.client.query('truncate t'), {}],
  [
    'a column was dropped and made anew with other values, which no row shows',
    'storage_changed',
    (pair) => pair.source.client.query(`alter table t drop x; alter table t add x text default 'anew'`),
    {},
  ],
  [
    'the config compares other columns',
    'mapping_changed',
    async () => undefined,
    { columns: { 'public.t': { exclude: ['x'] } } },
  ],
  [
    'the clock of the source went back',
    'clock_went_back',
    (pair) => pair.target.client.query(`update tf_sync.watermark set horizon = now() + interval '1 hour'`),
    {},
  ],
])('an incremental job looks at everything when %s, and says so', async (_, whole, change, config) => {
  await using pair = await inStep();
  await change(pair);

  const first = await run(pair, 'incremental', config);
  const second = await run(pair, 'incremental', config);

  const told = (await first.ports.jobs.tables(first.job.job_id)).map((t) => t.whole);

  expect((await prepared(first)).tables[0]?.whole).toBe(whole);
  expect(told).toEqual([whole]);
  expect(await windows(first)).toEqual([undefined]);
  expect(first.counts.read).toBe(100);
  expect(await different(pair)).toEqual({});
  expect(await windows(second)).toEqual([expect.objectContaining({ column: 'updated_at' })]);
});

test('an incremental job without a success before it compares everything; so does one without a memory', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (id int primary key, updated_at date)');
  await pair.source.client.query('insert into t select i from generate_series(1, 50) i');

  const dry = await run(pair, 'incremental', { dry_run: true });
  const first = await run(pair, 'incremental');
  const hash = await runJob(pair, { detection_strategy: 'hash' }, {}, ports(), 'incremental');

  expect(dry.counts.inserted).toBe(50);
  expect((await prepared(first)).tables[0]?.whole).toBe('no_watermark'); // the dry run left none
  expect(first.counts.inserted).toBe(50);
  expect((await prepared(hash)).tables[0]?.whole).toBe('no_memory');
  expect(hash.counts.unchanged).toBe(50);
});

test('a row in quarantine keeps the watermark of its table, so the next job meets it again', async () => {
  await using pair = await inStep();
  await pair.target.client.query(`alter table t add check (x <> 'bad')`);
  await pair.source.client.query(`update t set x = 'bad', updated_at = now() where id = 5`);

  const refused = [await run(pair, 'incremental'), await run(pair, 'incremental')];
  await pair.target.client.query('alter table t drop constraint t_x_check');
  const after = await run(pair, 'incremental');

  expect(refused.map((r) => r.counts.quarantined)).toEqual([1, 1]);
  expect(after.counts.updated).toBe(1);
  expect(await different(pair)).toEqual({});
});

test('a job that fails moves no watermark', async () => {
  await using pair = await inStep();
  const before = await horizons(pair);
  await pair.source.client.query(`update t set x = 'new', updated_at = now() where id = 5`);
  const tamper = async (pass: string) =>
    void (pass === 'verify' && (await pair.target.client.query(`update t set x = 'tampered' where id = 5`)));

  const failed = await runJob(pair, BARE, { before: tamper }, ports(), 'incremental');
  const held = await horizons(pair);
  const after = await run(pair, 'incremental');

  expect(failed.job.failure?.code).toBe('verification_failed');
  expect(held).toEqual(before);
  expect(after.counts.updated).toBe(1);
  expect(await different(pair)).toEqual({});
});

test('what is wrong with update columns and options is told at once, and nothing is written', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table a (id int primary key); create table b (id int primary key, updated_at text);
      create table c (id int primary key, at int, updated_at timestamptz); create table d (id int primary key, last_update timestamp)`);

  const error = await start(pair, {
    detection_strategy: 'timestamp',
    timestamp_columns: { 'public.c': 'at', 'public.d': 'nowhere', 'public.x': 'at' },
    tolerances: { 'public.c.at': 1 },
  }).catch((e) => e);
  const hash = await start(pair, { key_sweep: true }).catch((e) => e);

  const told = (e: typeof error) =>
    e.problems.map((p: { code: string; object?: string; side?: string; field?: string }) =>
      [p.code, p.side, p.object ?? p.field].filter(Boolean).join(' '),
    );
  expect(told(error).sort()).toEqual([
    'option_not_supported /config/tolerances',
    'table_not_found source public.x',
    'timestamp_column_missing source public.a',
    'timestamp_column_missing source public.d.nowhere',
    'timestamp_column_type source public.b.updated_at',
    'timestamp_column_type source public.c.at',
  ]);
  expect(told(hash)).toEqual(['option_not_supported /config/key_sweep']);
  expect((await pair.target.client.query(`select to_regnamespace('tf_sync')`)).rows[0].to_regnamespace).toBeNull();
});

test('a role that cannot see open transactions is refused with the GRANT, and accepted after it', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (id int primary key, updated_at timestamptz default now())');
  await pair.source.client.query('insert into t values (1)');
  const role = `reader_${pair.source.name}`;
  await pair.source.client.query(`create role ${role} login password 'pw'; grant select on t to ${role}`);
  const reading: TestPair = {
    ...pair,
    source: { ...pair.source, connection: { ...pair.source.connection, user: role, password: new Secret('pw') } },
  };

  const refused = await start(reading, BARE).catch((e) => e);
  await pair.source.client.query(refused.problems[0].hint);
  const accepted = await run(reading, 'full');
  await pair.source.client.query(`drop owned by ${role}; drop role ${role}`);

  expect(refused.problems).toMatchObject([{ code: 'privilege_missing', side: 'source' }]);
  expect(refused.problems[0].hint).toBe(`GRANT pg_read_all_stats TO ${role};`);
  expect(accepted.job.state).toBe('completed');
});

test('an index that begins with the update column is noticed', async () => {
  await using pair = await inStep();
  const [without] = await windows(await run(pair, 'incremental'));
  await pair.source.client.query('create index on t (updated_at, id)');
  const [indexed] = await windows(await run(pair, 'incremental'));

  expect([without?.indexed, indexed?.indexed]).toEqual([false, true]);
});

test('any name and type of key and column, in another collation on each side', async () => {
  await using pair = await createPair();
  for (const [db, collation] of [
    [pair.source, 'en_US'],
    [pair.target, 'C'],
  ] as const) {
    await db.client.query(`create collation "en_US" (provider = icu, locale = 'en-US')`);
    await db.client.query('create domain domain_at as timestamptz');
    await db.client.query(
      `create table "T ""1" ("K a" text collate "${collation}", "now" uuid, x domain_at, "select" numeric, primary key ("K a", "now"))`,
    );
  }
  const rows = (from: number, to: number) =>
    `insert into "T ""1" select case i % 4 when 0 then 'é' when 1 then 'E' when 2 then 'e' else 'z' end || i / 8, md5(i::text)::uuid, now(), i from generate_series(${from}, ${to}) i`;
  const config = { timestamp_columns: { 'public.T "1': 'x' } };
  await run(pair, 'full', config);
  await pair.source.client.query(rows(1, 3000));

  const { job, counts } = await run(pair, 'incremental', { ...config, batch_size: 90, key_sweep: true });

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ read: 3000, inserted: 3000, unchanged: 0, skipped: 0 });
  expect(await different(pair)).toEqual({});
});
