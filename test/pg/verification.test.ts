import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

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

test('a trigger that rewrites or drops rows as they are written is named, and suppressing triggers helps', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(ROWS);
  await pair.target.client.query(`create function shout() returns trigger language plpgsql as 'begin new.x := upper(new.x); return new; end';
    create trigger shout before insert or update on t for each row execute function shout()`);

  const fired = await runJob(pair);
  const suppressed = await runJob(pair, { triggers: 'suppress' });

  expect(fired.job.failure?.code).toBe('trigger_interfered');
  expect(fired.counts.inserted).toBe(0);
  expect(suppressed.job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a run that would delete too much ends before it deletes', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.target.client.query(ROWS);

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.failure).toMatchObject({
    code: 'delete_guard',
    message: expect.stringContaining('500 of 500 rows (100.0 %)'),
  });
  expect(counts.deleted).toBe(0);
  expect((await pair.target.client.query('select count(*) from t')).rows[0].count).toBe('500');
});
