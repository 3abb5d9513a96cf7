import { expect, test } from 'vitest';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

async function setUp(pair: TestPair, constraint: string) {
  await pair.source.client.query('create table t (id int primary key, x text, n int)');
  await pair.target.client.query(`create table t (id int primary key, x text, n int ${constraint})`);
  await pair.source.client.query(`insert into t select i, 'v' || i, i from generate_series(1, 200) i`);
}

const listed = async (pair: TestPair) =>
  (await pair.target.client.query(`select key, code, sqlstate, object from tf_sync.quarantine order by key`)).rows;

test.each([1, 2, 63, 64, 65, 100, 199, 200])('row %i alone is put aside, whatever its place', async (poison) => {
  await using pair = await createPair();
  await setUp(pair, `constraint positive check (n <> ${poison})`);

  const { job, counts } = await runJob(pair, { batch_size: 50 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 200, inserted: 199, quarantined: 1 });
  expect(await listed(pair)).toEqual([
    { key: `{${poison}}`, code: 'check_failed', sqlstate: '23514', object: 'positive' },
  ]);
});

test('many poison rows are put aside, each with its reason, and a later run that can apply them completes', async () => {
  await using pair = await createPair();
  await setUp(pair, `constraint odd_only check (n % 10 <> 0)`);
  await pair.target.client.query(`alter table t alter column x type varchar(3)`);

  const first = await runJob(pair, { allow_lossy: true });
  await pair.target.client.query('alter table t drop constraint odd_only, alter column x type text');
  const second = await runJob(pair);

  expect(first.job.state).toBe('completed_with_issues');
  expect(first.counts.quarantined).toBe(20);
  expect(second.job.state).toBe('completed');
  expect((await pair.target.client.query('select count(*) from t')).rows[0].count).toBe('200');
});

test('a clash with a row that only the target has names the constraint', async () => {
  await using pair = await createPair();
  await setUp(pair, '');
  await pair.target.client.query(
    `alter table t add constraint t_x_key unique (x); insert into t values (900, 'v7', 0)`,
  );

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ inserted: 199, quarantined: 1, kept: 1 });
  expect(await listed(pair)).toEqual([{ key: '{7}', code: 'unique_clash', sqlstate: '23505', object: 't_x_key' }]);
});

test('a child whose parent was put aside is put aside too', async () => {
  await using pair = await createPair();
  for (const [db, check] of [
    [pair.source, ''],
    [pair.target, 'check (id <> 3)'],
  ] as const) {
    await db.client.query(
      `create table p (id int primary key ${check}); create table c (id int primary key, p int references p)`,
    );
  }
  await pair.source.client.query(
    'insert into p select generate_series(1, 5); insert into c select i, i from generate_series(1, 5) i',
  );

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ inserted: 8, quarantined: 2 });
  expect((await listed(pair)).map((r) => r.code)).toEqual(['check_failed', 'fk_missing']);
});
