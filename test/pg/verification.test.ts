import { expect, test } from 'vitest';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { countsOf, run, runJob } from '../support/in-process.ts';

const TABLE = `create table t (id int primary key, x text)`;
const ROWS = `insert into t select i, 'v' || i from generate_series(1, 500) i`;

test('a row altered behind the service after its apply blocks completed', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);

  const { job } = await runJob(
    pair,
    {},
    {
      before: async (pass) => {
        if (pass === 'verify') await pair.target.client.query(`update t set x = 'tampered' where id = 250`);
      },
    },
  );

  expect(job.state).toBe('failed');
  expect(job.failure).toMatchObject({
    code: 'verification_failed',
    message: expect.stringContaining('public.t (1 rows)'),
  });
});

test('a row removed behind the service after its apply blocks completed', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);

  const { job } = await runJob(
    pair,
    {},
    {
      before: async (pass) => {
        if (pass === 'verify') await pair.target.client.query('delete from t where id = 250');
      },
    },
  );

  expect(job.failure?.code).toBe('verification_failed');
});

test('a bucket that two passes wrote into is compared like any other', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(TABLE);
    await db.client.query(ROWS);
  }
  await pair.source.client.query(`update t set x = 'new' where id % 10 = 0; delete from t where id % 10 = 5`);

  const { job, counts } = await runJob(
    pair,
    { delete_mode: 'mirror', max_delete_percent: 100 },
    {
      before: async (pass) => {
        if (pass === 'verify') await pair.target.client.query(`update t set x = 'tampered' where id = 250`);
      },
    },
  );

  expect(counts).toMatchObject({ updated: 50, deleted: 50 });
  expect(job.failure).toMatchObject({ code: 'verification_failed', message: expect.stringContaining('(1 rows)') });
});

test('a trigger that writes to another table is found by the final comparison', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(`${TABLE}; create table other (id int primary key, n int); insert into other values (1, 1)`);
  }
  await pair.source.client.query(ROWS);
  await pair.target.client.query(`create function spoil() returns trigger language plpgsql as 'begin update public.other set n = n + 1; return null; end';
    create trigger spoil after insert on t for each row execute function spoil()`);

  const { job } = await runJob(pair);

  expect(job.failure).toMatchObject({
    code: 'verification_failed',
    message: expect.stringContaining('public.other (1 rows)'),
  });
});

const BEFORE = (body: string, events = 'insert or update') =>
  `create function meddle() returns trigger language plpgsql as '${body}';
   create trigger meddle before ${events} on t for each row execute function meddle()`;
const quarantine = async (pair: TestPair) =>
  (await pair.target.client.query('select code, count(*), min(key) as first from tf_sync.quarantine group by code'))
    .rows;

test('rows that a trigger rewrites or drops are put aside one by one, never counted as written', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);
  await pair.target.client.query(
    BEFORE(
      'begin if new.id = 77 then return null; end if; if new.id = 401 then new.x := upper(new.x); end if; return new; end',
    ),
  );

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 500, inserted: 498, quarantined: 2 });
  expect(await quarantine(pair)).toEqual(
    expect.arrayContaining([
      { code: 'target_trigger_dropped', count: '1', first: '{77}' },
      { code: 'target_value_changed', count: '1', first: '{401}' },
    ]),
  );
  expect((await pair.target.client.query('select count(*) from t where id in (77, 401)')).rows[0].count).toBe('0');
});

test('an update or a delete that a trigger drops leaves its row as it was, and is named', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t values (1, 'new'), (2, 'new')`);
  await pair.target.client.query(`insert into t values (1, 'old'), (2, 'old'), (3, 'mine'), (4, 'mine')`);
  await pair.target.client.query(
    BEFORE('begin if old.id in (1, 3) then return null; end if; return coalesce(new, old); end', 'update or delete'),
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ updated: 1, deleted: 1, quarantined: 2 });
  expect(await quarantine(pair)).toEqual([{ code: 'target_trigger_dropped', count: '2', first: '{1}' }]);
  expect((await pair.target.client.query('select * from t order by id')).rows).toEqual([
    { id: '1', x: 'old' },
    { id: '2', x: 'new' },
    { id: '3', x: 'mine' },
  ]);
});

test('a job stops when more rows are refused than the config allows, and says how many', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);
  await pair.target.client.query(BEFORE('begin return null; end'));

  const { job, counts } = await runJob(pair, { max_quarantined_rows: 3 });

  expect(job.failure).toMatchObject({ code: 'quarantine_limit', message: expect.stringContaining('More than 3 rows') });
  expect(job.state).toBe('failed');
  expect(counts).toMatchObject({ inserted: 0, quarantined: 3 });
});

test('a job that too many refused rows stopped goes on when what refused them is gone, with those rows too', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);
  await pair.target.client.query(BEFORE('begin return null; end'));
  const { job, ports: p } = await runJob(pair, { max_quarantined_rows: 3 });
  expect(job.failure?.code).toBe('quarantine_limit');

  await pair.target.client.query('drop function meddle cascade');
  const ended = await run(await resumeJob({ jobId: job.job_id, actor: 'operator' }, p), p);

  expect(ended.state).toBe('completed');
  expect(await countsOf(ended, pair)).toMatchObject({ read: 500, inserted: 500, quarantined: 0 });
  expect(await quarantine(pair)).toEqual([]);
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a trigger that rewrites every row lets none pass as success, and suppressing triggers helps', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 12) i`);
  await pair.target.client.query(BEFORE('begin new.x := upper(new.x); return new; end'));

  const fired = await runJob(pair);
  const suppressed = await runJob(pair, { triggers: 'suppress' });

  expect(fired.job.state).toBe('completed_with_issues');
  expect(fired.counts).toMatchObject({ inserted: 0, quarantined: 12 });
  expect(suppressed.job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a run that would delete too much waits before it deletes', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.target.client.query(ROWS);

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.state).toBe('paused');
  expect(job.pause).toMatchObject({
    code: 'confirm_required',
    message: expect.stringContaining('500 of 500 rows (100.0 %)'),
  });
  expect(counts.deleted).toBe(0);
  expect((await pair.target.client.query('select count(*) from t')).rows[0].count).toBe('500');
});
