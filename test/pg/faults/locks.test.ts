import { expect, test, vi } from 'vitest';
import { sweep } from '../../../lib/orchestrator/sweep.ts';
import { connect, createPair, type TestPair } from '../../support/databases.ts';
import { differences, portsWith, untilRow } from '../../support/faults.ts';
import { ports, run, runJob } from '../../support/in-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

const TABLE = 'create table t (id int primary key, x text)';

async function setUp(pair: TestPair, rows = 400) {
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, ${rows}) i`);
}

/** A trigger of the target that raises a SQLSTATE the first `times` rows it sees; a sequence counts through rollbacks. */
const RAISES = (state: string, times: number) => `create schema counting; create sequence counting.tries;
  create function counting.raises() returns trigger language plpgsql as
  'begin if nextval(''counting.tries'') <= ${times} then raise exception ''on purpose'' using errcode = ''${state}''; end if; return new; end';
  create trigger raises before insert or update on t for each row execute function counting.raises()`;

/** Our session in the target waits for a lock of another one. */
const waiting = (pair: TestPair) => () =>
  pair.target.client.query(
    `select from pg_stat_activity where datname = $1 and application_name like 'terrafusion-sync/%' and wait_event_type = 'Lock'`,
    [pair.target.name],
  );

test('E2: a deadlock rolls one side back, and the whole chunk is tried again', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, 400) i`);
  const other = await connect(pair.target.name);
  await other.query(`set deadlock_timeout = '10s'; begin; update t set x = 'theirs' where id = 399`); // ours looks first
  const p = ports();

  const running = runJob(pair, {}, {}, p);
  await untilRow(waiting(pair), 'the job to wait for row 399');
  await other.query(`update t set x = 'theirs' where id = 2`);
  await other.query('commit');
  await other.end();
  const { job, counts } = await running;

  expect(p.log.lines.filter((line) => line.includes('40P01'))).not.toEqual([]);
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ read: 400, updated: 400, quarantined: 0 });
  expect(await differences(pair)).toEqual({});
});

test('E3: serialization failures are tried again, as a whole', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(RAISES('40001', 3));

  const { job, counts } = await runJob(pair, { batch_size: 100 });
  await pair.target.client.query('drop schema counting cascade');

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 400, quarantined: 0 });
  expect(await differences(pair)).toEqual({});
});

test('E3: a target that asks for serializable transactions is written in read committed ones, beside other writers', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, 400) i`);
  await pair.target.client.query(
    `alter database ${pair.target.name} set default_transaction_isolation = 'serializable'`,
  );
  const other = await connect(pair.target.name);
  await other.query(`begin isolation level repeatable read; update t set x = 'theirs' where id = 200`);

  const running = runJob(pair);
  await untilRow(waiting(pair), 'the job to wait for row 200');
  await other.query('commit');
  await other.end();
  const { job } = await running;

  expect(job.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('E4: what takes too long is cut down to the row at fault, which is put aside', async () => {
  await using pair = await createPair();
  await setUp(pair, 64);
  await pair.target.client.query(`create function slow() returns trigger language plpgsql as
    'begin if new.id = 37 then perform pg_sleep(20); end if; return new; end';
    create trigger slow before insert or update on t for each row execute function slow()`);

  const { job, counts } = await runJob(pair, {}, {}, portsWith({ chunkTimeoutMs: 150 }));
  const { rows } = await pair.target.client.query('select key, code, sqlstate from tf_sync.quarantine');

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ inserted: 63, quarantined: 1 });
  expect(rows).toEqual([{ key: '{37}', code: 'timed_out', sqlstate: '57014' }]);
});

test('E4: running out of memory halves the chunk and blames no row', async () => {
  await using pair = await createPair();
  await setUp(pair, 64);
  await pair.target.client.query(`create function hungry() returns trigger language plpgsql as
    'begin if (select count(*) from fresh) > 10 then raise exception ''on purpose'' using errcode = ''53200''; end if; return null; end';
    create trigger hungry after insert on t referencing new table as fresh for each statement execute function hungry()`);

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 64, quarantined: 0 });
});

test('E5: a locked table is waited for, and the log names the process that holds it', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const other = await connect(pair.target.name);
  await other.query('begin; lock table t in share mode');
  const [{ pid }] = (await other.query('select pg_backend_pid() as pid')).rows;
  const p = ports();
  const named = () => Promise.resolve({ rows: p.log.lines.filter((line) => line.includes(`"blocked_by":["${pid}"]`)) });

  const running = runJob(pair, {}, {}, p);
  await untilRow(named, 'the log to name the blocker'); // lock_timeout is 5 s
  await other.query('rollback');
  await other.end();
  const { job } = await running;

  expect(job.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('E6: a target that turns read-only for a moment, as in a failover, is waited for', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const readOnly = (on: boolean) =>
    pair.target.client.query(`set transaction_read_only = off;
      alter database ${pair.target.name} set default_transaction_read_only = ${on ? 'on' : 'off'}`);
  const p = ports();
  let looks = 0;
  const { target } = p.databases;
  const databases = {
    ...p.databases,
    target: async (...args: Parameters<typeof target>) => {
      if (++looks === 5) await readOnly(false);
      return target(...args);
    },
  };

  const { job } = await runJob(
    pair,
    {},
    { before: async (pass) => void (pass === 'apply' && (await readOnly(true))) },
    { ...p, databases },
  );

  expect(looks).toBeGreaterThan(5);
  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
});

test.each([
  ['25006', 'target_read_only', 60_000],
  ['53100', 'disk_full', 300_000],
] as const)(
  'E6, E8: a target that goes on refusing writes with %s pauses the job as %s, and the service tries again by itself',
  async (sqlstate, code, probeMs) => {
    await using pair = await createPair();
    await setUp(pair);
    await pair.target.client.query(RAISES(sqlstate, 100_000));
    let nowMs = Date.now();
    const p = { ...ports(), clock: () => new Date(nowMs) };

    const { job, counts } = await runJob(pair, {}, {}, p);
    await pair.target.client.query('drop schema counting cascade');
    nowMs += probeMs - 1;
    await sweep(p);
    const tooSoon = await p.jobs.get(job.job_id);
    nowMs += 1;
    await sweep(p);
    const resumed = await p.jobs.get(job.job_id);
    if (!resumed) throw new Error('the job is gone');
    const ended = await run(resumed, p);

    expect(job).toMatchObject({ state: 'paused', pause: { code, probe_at: new Date(nowMs).toISOString() } });
    expect(counts.inserted).toBe(0);
    expect(tooSoon?.state).toBe('paused');
    expect(resumed).toMatchObject({ state: 'created', moved_by: { event: 'job.resumed' } });
    expect(ended.state).toBe('completed');
    expect(await differences(pair)).toEqual({});
  },
);

test('E8: a disk that was full for a moment costs time, not rows', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(RAISES('53100', 3));

  const { job, counts } = await runJob(pair, { batch_size: 100 });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 400, quarantined: 0 });
});
