import { expect, test, vi } from 'vitest';
import { createPair } from '../../support/databases.ts';
import { differences } from '../../support/faults.ts';
import { ports, runJob, start } from '../../support/in-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

test('E29: 200 columns and 1,000 rows in one chunk are more than the protocol has parameters, and arrive', async () => {
  await using pair = await createPair();
  const columns = Array.from({ length: 200 }, (_, i) => `c${i} int`).join(', ');
  for (const db of [pair.source, pair.target]) await db.client.query(`create table t (id int primary key, ${columns})`);
  const values = Array.from({ length: 200 }, (_, i) => `i + ${i}`).join(', ');
  await pair.source.client.query(`insert into t select i, ${values} from generate_series(1, 1000) i`);
  await pair.target.client.query('insert into t (id) values (1)'); // not empty: no pass-through

  const { job, counts } = await runJob(pair, { batch_size: 1000 });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 999, updated: 1 });
  expect(await differences(pair)).toEqual({});
});

test('E35: a table of 1,600 columns, the most there can be, with long values', async () => {
  await using pair = await createPair();
  const columns = Array.from({ length: 1599 }, (_, i) => `c${i} text`).join(', ');
  for (const db of [pair.source, pair.target]) await db.client.query(`create table t (id int primary key, ${columns})`);
  await pair.source.client.query(
    `insert into t (id, c0, c7, c1598) select i, 'a' || i, repeat('é', 100000), 'last' || i from generate_series(1, 20) i`,
  );
  await pair.target.client.query(`insert into t (id, c1598) values (1, 'other')`);

  const first = await runJob(pair);
  await pair.source.client.query(`update t set c1597 = 'x' where id = 9`);
  const second = await runJob(pair);

  expect(first.job.failure).toBeUndefined();
  expect(first.counts).toMatchObject({ inserted: 19, updated: 1 });
  expect(second.counts).toMatchObject({ inserted: 0, updated: 1, unchanged: 19 });
  expect(await differences(pair)).toEqual({});
});

test('E28: a key that would be rounded is refused, because two keys could become one', async () => {
  await using pair = await createPair();
  await pair.source.client.query('create table t (id numeric primary key); insert into t values (1.2), (1.4)');
  await pair.target.client.query('create table t (id int primary key)');

  await expect(start(pair, { allow_lossy: true }, ports())).rejects.toMatchObject({
    code: 'type_lossy',
    problems: [{ object: 'public.t.id', hint: 'The column identifies rows: give both columns the same type.' }],
  });
});
