import { expect, test } from 'vitest';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

const both = async (pair: TestPair, sql: string) => {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
};

const DROPS = `create function drops() returns trigger language plpgsql as 'begin return null; end'`;

test.each([
  ['insert', `insert into t values (3, 'new')`, '{3}'],
  ['update', `update t set x = 'other' where id = 1`, '{1}'],
  ['delete', 'delete from t where id = 2', '{2}'],
] as const)('a trigger that drops an %s is named, not taken for rows that move', async (operation, change, key) => {
  await using pair = await createPair();
  await both(pair, `create table t (id int primary key, x text); insert into t values (1, 'a'), (2, 'b')`);
  await pair.source.client.query(change);
  await pair.target.client.query(
    `${DROPS}; create trigger quiet before ${operation} on t for each row execute function drops()`,
  );

  const { job } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  const { rows } = await pair.target.client.query('select key, code from tf_sync.quarantine');
  expect(rows).toEqual([{ key, code: 'target_trigger_dropped' }]);
});

test('without a trigger a row that was changed meanwhile is looked at again', async () => {
  await using pair = await createPair();
  await both(pair, `create table t (id int primary key, x text); insert into t values (1, 'a')`);
  await pair.source.client.query(`update t set x = 'b'`);

  const { job } = await runJob(
    pair,
    {},
    { before: async (pass) => void (pass === 'apply' && (await pair.target.client.query(`update t set x = 'c'`))) },
  );

  expect(job.state).toBe('completed');
});

const IDENTITY = 'create table t (id int primary key, n int generated always as identity, x text)';

test('a table with an identity outside its key takes updates, and names rows whose identity differs', async () => {
  await using pair = await createPair();
  await both(pair, `${IDENTITY}; insert into t (id, x) select i, 'x' from generate_series(1, 20) i`);
  await pair.source.client.query(
    `update t set x = 'y' where id <= 10; delete from t where id = 15; insert into t overriding system value values (15, 99, 'x'), (21, 77, 'new')`,
  );

  const { job, counts } = await runJob(pair);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ updated: 10, inserted: 1, quarantined: 1, unchanged: 9 });
  const { rows } = await pair.target.client.query('select key, code, sqlstate, object from tf_sync.quarantine');
  expect(rows).toEqual([{ key: '{15}', code: 'refused', sqlstate: '428C9', object: 'public.t.n' }]);
  const next = await pair.target.client.query(`insert into t (id, x) values (50, 'mine') returning n`);
  expect(next.rows[0].n).toBe('78');
});
