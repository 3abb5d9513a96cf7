import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { type Outcome, type Ports, ports, runJob } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

const run = (pair: TestPair, mode: JobMode, config: Config = {}, p: Ports = ports()): Promise<Outcome> =>
  runJob(pair, { detection_strategy: 'cdc', ...config }, {}, p, mode);

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const prepared = async ({ ports: p, job }: Outcome) =>
  (await eventsOf(p.audit, job.job_id)).find((e) => e.type === 'job.prepared')?.data as {
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
