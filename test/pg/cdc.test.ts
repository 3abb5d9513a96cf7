import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { untilRow } from '../support/faults.ts';
import { type Outcome, type Ports, ports, runJob, start } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

const run = (pair: TestPair, mode: JobMode, config: Config = {}, p: Ports = ports()): Promise<Outcome> =>
  runJob(pair, { detection_strategy: 'cdc', ...config }, {}, p, mode);

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const prepared = async ({ ports: p, job }: Outcome) =>
  (await eventsOf(p.audit, job.job_id)).find((e) => e.type === 'changes.drained')?.data as {
    tables: { name: string; whole?: string; changed_keys?: number }[];
  };
const looks = async (outcome: Outcome) => (await prepared(outcome)).tables.map((t) => t.whole ?? t.changed_keys);
const waiting = async (pair: TestPair) =>
  Number((await pair.target.client.query('select count(*) from tf_sync.changed_key')).rows[0].count);

const TABLE = 'create table t (id int primary key, x text)';

/** `t` with 100 rows in the source, and a full job done. */
async function inStep(table = TABLE, rows = 100): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(table);
  await pair.source.client.query(`insert into t (id, x) select i, 'v' || i from generate_series(1, ${rows}) i`);
  const { job } = await run(pair, 'full');
  expect(job.failure).toBeUndefined();
  return pair;
}

test('a full job compares everything; incremental ones look at what the log names, and leave nothing behind', async () => {
  await using pair = await inStep();
  await pair.source.client.query(
    `insert into t values (101, 'new'); update t set x = 'changed' where id in (1, 2); delete from t where id = 3;
     update t set id = 200 where id = 4; insert into t values (300, 'short'); delete from t where id = 300`,
  );
  const first = await run(pair, 'incremental');
  const second = await run(pair, 'incremental');

  expect(first.job.failure).toBeUndefined();
  expect(first.job.state).toBe('completed');
  expect(await looks(first)).toEqual([7]); // 1, 2, 3, 4, 101, 200, 300
  expect(first.counts).toMatchObject({ inserted: 2, updated: 2, deleted: 2, unchanged: 0, kept: 0, read: 6 });
  expect(await different(pair)).toEqual({});
  expect(await looks(second)).toEqual([0]);
  expect(second.counts.read).toBe(0);
  expect(await waiting(pair)).toBe(0);
  expect(first.job.changes).toMatchObject({ transactions: 1, changes: 7, lag_seconds: 0 });
});

test('what is written while the full job runs is found by the next job, whenever it commits', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 100) i`);
  const late = await connect(pair.source.name);
  const before = async (pass: string) => {
    if (pass === 'apply')
      await late.query(`begin; insert into t values (901, 'late'); update t set x = 'late' where id = 1`);
    if (pass === 'verify')
      await pair.source.client.query(`delete from t where id = 2; insert into t values (902, 'early')`);
  };

  const full = await runJob(pair, { detection_strategy: 'cdc' }, { before }, ports(), 'full');
  const during = await run(pair, 'incremental');
  await late.query('commit');
  await late.end();
  const after = await run(pair, 'incremental');

  expect(full.job.failure).toBeUndefined();
  expect(full.job.changes?.left_bytes).toBeGreaterThan(full.job.changes?.lag_bytes ?? 0); // what was written meanwhile
  expect(await looks(during)).toEqual([2]);
  expect(await looks(after)).toEqual([2]);
  expect(after.counts).toMatchObject({ inserted: 1, updated: 1 });
  expect(await different(pair)).toEqual({});
});

test('a table that joins the pair later is compared whole, and no transaction that was open then is missed', async () => {
  await using pair = await inStep();
  for (const db of [pair.source, pair.target]) await db.client.query('create table u (id int primary key, x text)');
  const open = await connect(pair.source.name);
  await open.query(`begin; insert into u values (1, 'before it is published')`);

  const job = run(pair, 'incremental');
  await untilRow(
    () => pair.source.client.query(`select 1 from pg_publication_tables where tablename = 'u'`),
    'the table to be published',
  );
  await untilRow(
    () =>
      pair.source.client.query(
        `select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
      ),
    'the job to wait for the transaction',
  );
  await open.query('commit');
  await open.end();
  const first = await job;
  await pair.source.client.query(`insert into u values (2, 'after'); update t set x = 'after' where id = 1`);
  const second = await run(pair, 'incremental');

  expect(await looks(first)).toEqual([0, 'no_watermark']);
  expect(await looks(second)).toEqual([1, 1]);
  expect(await different(pair)).toEqual({});
});

test.each([
  ['default', ''],
  ['full', 'alter table t replica identity full'],
  ['an index', 'create unique index i on t (id); alter table t replica identity using index i'],
])(
  'a value kept out of line that did not change, a key that did, and deletes: replica identity %s',
  async (_, identity) => {
    await using pair = await inStep('create table t (id int primary key, x text, y int)');
    await pair.source.client.query(identity);
    await pair.source.client.query(`insert into t select i, (select string_agg(md5(i::text || n), '') from generate_series(1, 400) n), 0
    from generate_series(1001, 1010) i; alter table t alter x set storage external`);
    await run(pair, 'incremental');
    await pair.source.client.query(`update t set y = 1 where id between 1001 and 1003; update t set id = id + 1000 where id = 1004;
    delete from t where id in (1005, 5); update t set x = null where id = 1006`);

    const { counts, job } = await run(pair, 'incremental');

    expect(job.failure).toBeUndefined();
    expect(counts).toMatchObject({ inserted: 1, updated: 4, deleted: 3 });
    expect(await different(pair)).toEqual({});
  },
);

test('a key that is kept out of line is told whole', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (k text primary key, y int); alter table t alter k set storage external');
  await pair.source.client.query(`insert into t select repeat(md5(i::text), 78), 0 from generate_series(1, 20) i`);
  await run(pair, 'full');
  await pair.source.client.query(`update t set y = 1 where k like 'c%'; delete from t where k like '1%'`);

  const { job } = await run(pair, 'incremental');

  expect(job.state).toBe('completed');
  expect(await different(pair)).toEqual({});
});

test('a table whose rows the log stops to name is compared whole, not missed', async () => {
  await using pair = await inStep('create table t (id int primary key, x text, y int not null default 0)');
  await pair.source.client.query(
    `alter table t add unique (y, id); alter table t replica identity using index t_y_id_key`,
  );
  await pair.source.client.query(`update t set y = 1 where id = 1`);
  const covered = await run(pair, 'incremental');
  for (const db of [pair.source, pair.target])
    await db.client.query(`create unique index u on t (x); alter table t alter x set not null`);
  await pair.source.client.query(`alter table t replica identity using index u`);
  const refused = await start(pair, { detection_strategy: 'cdc' }, ports(), 'incremental').catch((e) => e);
  await pair.source.client.query(
    `delete from t where id = 2; update t set id = 1003 where id = 3; alter table t replica identity default`,
  );
  const whole = await run(pair, 'incremental');

  expect(await looks(covered)).toEqual([1]);
  expect(refused.code).toBe('replica_identity_missing');
  expect(await looks(whole)).toEqual(['too_many_changes']);
  expect(await different(pair)).toEqual({});
});

test('a table that is truncated and filled anew is compared whole, and its rows go by the delete mode', async () => {
  await using pair = await inStep(TABLE, 200);
  await pair.source.client.query(`truncate t; insert into t values (1, 'again')`);

  const waits = await run(pair, 'incremental');
  await stopJob({ jobId: waits.job.job_id, actor: 'tester' }, waits.ports);
  const { counts, job, ports: p } = await run(pair, 'incremental', { max_delete_percent: 100 });

  expect(waits.job.pause?.code).toBe('confirm_required');
  expect(await looks(waits)).toEqual(['storage_changed']);
  expect((await p.jobs.get(job.job_id))?.state).toBe('completed');
  expect(counts).toMatchObject({ updated: 0, deleted: 199 }); // the paused job has written row 1;
  expect(await different(pair)).toEqual({});
});

test('partitions: rows that move between them, and partitions that come, go and are emptied', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table t (id int, at int, x text, primary key (id, at)) partition by range (at);
      create table t1 partition of t for values from (0) to (100); create table t2 partition of t for values from (100) to (200)`);
  await pair.source.client.query(`insert into t select i, i, 'v' from generate_series(1, 199) i`);
  await run(pair, 'full');
  await pair.source.client.query(
    `update t set at = 150 where id = 5; update t set x = 'new' where id = 6; delete from t1 where id = 7; insert into t2 values (500, 199, 'leaf')`,
  );
  const keys = await run(pair, 'incremental');
  const between = await different(pair);
  await pair.source.client.query('truncate t2');
  const emptied = await run(pair, 'incremental', { max_delete_percent: 100 });
  await pair.source.client.query('alter table t detach partition t1; drop table t1');
  await pair.target.client.query('select');
  const gone = await run(pair, 'incremental', { max_delete_percent: 100 });

  expect(await looks(keys)).toEqual([5]);
  expect(between).toEqual({});
  expect(await looks(emptied)).toEqual(['storage_changed']);
  expect(await looks(gone)).toEqual(['storage_changed']);
  expect((await pair.target.client.query('select count(*) from t')).rows[0].count).toBe('0');
});

test('columns that the source computes, a rewrite that no log tells, and columns that are added', async () => {
  await using pair = await inStep(
    'create table t (id int primary key, x text, n int generated always as (id * 2) stored)',
  );
  await pair.source.client.query(`update t set x = 'new' where id = 1`);
  const generated = await run(pair, 'incremental');
  await pair.source.client.query(`alter table t alter x type text using upper(x)`);
  const rewritten = await run(pair, 'incremental');
  for (const db of [pair.source, pair.target]) await db.client.query(`alter table t add more int default 5`);
  await pair.source.client.query(`update t set more = 6 where id = 2`);
  const added = await run(pair, 'incremental');
  await pair.source.client.query(`alter table t add only_here int; update t set only_here = 1 where id = 3`);
  const refused = await start(pair, { detection_strategy: 'cdc' }, ports(), 'incremental').catch((e) => e);
  await pair.target.client.query(`alter table t add only_here int`);
  const both = await run(pair, 'incremental');

  expect(await looks(generated)).toEqual([1]);
  expect(await looks(rewritten)).toEqual(['storage_changed']);
  expect(await looks(added)).toEqual(['mapping_changed']);
  expect(refused.problems).toMatchObject([{ object: 'public.t.only_here' }]);
  expect(await looks(both)).toEqual(['mapping_changed']);
  expect(await different(pair)).toEqual({});
});

const SLOT = `select slot_name from pg_replication_slots where database = current_database()`;

test.each<[string, string, (pair: TestPair) => Promise<unknown>]>([
  [
    'the slot is gone',
    'resync_required',
    (p) => p.source.client.query(`select pg_drop_replication_slot(slot_name) from (${SLOT}) s`),
  ],
  [
    'somebody else has drained it',
    'resync_required',
    (p) =>
      p.source.client.query(`select pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) from (${SLOT}) s`),
  ],
  [
    'the target was restored to an earlier day',
    'resync_required',
    (p) => p.target.client.query(`update tf_sync.change_stream set drained = '0/1'`),
  ],
  [
    'the target knows nothing of the slot',
    'no_watermark',
    (p) => p.target.client.query(`delete from tf_sync.changed_key; delete from tf_sync.change_stream`),
  ],
])('%s: the next job says so, compares everything, and writes what differs alone', async (_, why, lose) => {
  await using pair = await inStep();
  await pair.source.client.query(`update t set x = 'lost' where id = 1; delete from t where id = 2`);
  await lose(pair);
  await pair.source.client.query(`insert into t values (101, 'after')`);

  const healed = await run(pair, 'incremental');
  await pair.source.client.query(`update t set x = 'next' where id = 9`);
  const next = await run(pair, 'incremental');

  expect(await looks(healed)).toEqual([why]);
  expect(healed.job.changes?.created).toBe(true);
  expect(healed.counts).toMatchObject({ inserted: 1, updated: 1, deleted: 1, unchanged: 98 });
  expect(await looks(next)).toEqual([1]);
  expect(await different(pair)).toEqual({});
});

test('a table that was taken out of the publication for a while is compared whole', async () => {
  await using pair = await inStep();
  const { rows } = await pair.source.client.query('select pubname from pg_publication');
  await pair.source.client.query(`alter publication ${rows[0].pubname} drop table t`);
  await pair.source.client.query(`update t set x = 'unseen' where id = 1`);
  await pair.source.client.query(`alter publication ${rows[0].pubname} add table t`);

  const back = await run(pair, 'incremental');
  await pair.source.client.query(
    `alter publication ${rows[0].pubname} drop table t; update t set x = 'unseen' where id = 2`,
  );
  const again = await run(pair, 'incremental');

  expect(await looks(back)).toEqual(['storage_changed']);
  expect(await looks(again)).toEqual(['storage_changed']);
  expect(await different(pair)).toEqual({});
});

test('a row in quarantine waits for the next job, and nothing else does', async () => {
  await using pair = await inStep();
  await pair.target.client.query(`alter table t add check (x <> 'bad')`);
  await pair.source.client.query(`update t set x = 'bad' where id = 5; update t set x = 'good' where id = 6`);

  const refused = [await run(pair, 'incremental'), await run(pair, 'incremental')];
  await pair.target.client.query('alter table t drop constraint t_x_check');
  const after = await run(pair, 'incremental');

  expect(await Promise.all(refused.map(looks))).toEqual([[2], [1]]);
  expect(refused.map((r) => r.counts.quarantined)).toEqual([1, 1]);
  expect(after.counts.updated).toBe(1);
  expect(await different(pair)).toEqual({});
  expect(await waiting(pair)).toBe(0);
});

test('a job that fails leaves its keys to the next', async () => {
  await using pair = await inStep();
  await pair.source.client.query(`update t set x = 'new' where id = 5`);
  const tamper = async (pass: string) =>
    void (pass === 'verify' && (await pair.target.client.query(`update t set x = 'tampered' where id = 5`)));

  const failed = await runJob(pair, { detection_strategy: 'cdc' }, { before: tamper }, ports(), 'incremental');
  const after = await run(pair, 'incremental');

  expect(failed.job.failure?.code).toBe('verification_failed');
  expect(await looks(after)).toEqual([1]);
  expect(await different(pair)).toEqual({});
});

test('a dry run takes no key away, and a full one leaves no slot behind', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t values (1, 'a')`);

  await run(pair, 'full', { dry_run: true });
  const slots = (await pair.source.client.query(SLOT)).rows;
  await run(pair, 'full');
  await pair.source.client.query(`insert into t values (2, 'b')`);
  const dry = await run(pair, 'incremental', { dry_run: true });
  const real = await run(pair, 'incremental');

  expect(slots).toEqual([]);
  expect([dry.counts.inserted, real.counts.inserted]).toEqual([1, 1]);
  expect(await different(pair)).toEqual({});
});

test('a row that both sides have changed is a conflict, decided like any other', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 10) i`);
  const config = { conflict_strategy: 'manual' } as const;
  await run(pair, 'full', config);
  await pair.target.client.query(`update t set x = 'theirs' where id in (1, 2, 3); delete from t where id = 4`);
  await pair.source.client.query(`update t set x = 'ours' where id in (1, 4, 5); delete from t where id = 2`);

  const { job, counts } = await run(pair, 'incremental', config);
  const rows = (
    await pair.target.client.query(`select key::text, data ->> 'type' as type from tf_sync.conflict order by 1`)
  ).rows;

  expect(job.state).toBe('completed_with_issues');
  expect(rows).toEqual([
    { key: '{1}', type: 'update_differing' },
    { key: '{2}', type: 'delete_updated' },
    { key: '{4}', type: 'update_deleted' },
  ]);
  expect(counts).toMatchObject({ updated: 1, conflicts: 3 });
});
