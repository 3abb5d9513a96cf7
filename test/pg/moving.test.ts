import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 500) i`);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(100, 400) i`);
}

/** Interferes once, between the passes and the final comparison. */
const beforeVerify = (work: () => Promise<unknown>) => ({
  before: async (pass: string) => {
    if (pass === 'verify') await work();
  },
});

test('rows that change in the source while the job runs are decided again', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const writer = () =>
    pair.source.client.query(`update t set x = 'newer' where id in (7, 150); insert into t values (901, 'new')`);

  const { job } = await runJob(pair, { verify: 'all' }, beforeVerify(writer));

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a source transaction that was open when the job began, and commits late, is not missed', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const late = await connect(pair.source.name);
  await late.query(`begin; update t set x = 'late' where id = 9`);

  const { job } = await runJob(
    pair,
    { verify: 'all' },
    beforeVerify(() => late.query('commit')),
  );
  await late.end();

  expect(job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a row deleted in the source while a mirror runs is in flight, not an error', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const { job, ports } = await runJob(
    pair,
    { verify: 'all', delete_mode: 'mirror' },
    beforeVerify(() => pair.source.client.query('delete from t where id = 33')),
  );

  expect(job.state).toBe('completed');
  const last = (await eventsOf(ports.audit, job.job_id)).find((e) => e.stream === 't0/verify/0');
  expect(last?.data).toMatchObject({ in_flight: 1, unexplained: 0 });
});

test('what the target alone changed still blocks completed', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const { job } = await runJob(
    pair,
    {},
    beforeVerify(() => pair.target.client.query(`update t set x = 'tampered' where id = 120`)),
  );

  expect(job.failure?.code).toBe('verification_failed');
  expect((await pair.target.client.query('select x from t where id = 120')).rows[0].x).toBe('tampered');
});
