import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { CHUNKED, countedPair, expectAppliedOnce, MIDDLE, progress } from './counted.ts';
import { type E2eService, hold, startService, until, untilWaiting } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const command = (name: 'stop' | 'resume', jobId: string) =>
  service.call(`/api/sync/${name}/${jobId}`, { method: 'POST' });

test('a stop in the middle of a chunk ends it; the resumed job does the rest once', async () => {
  await using pair = await countedPair();
  const jobId = await service.startFull(pair, CHUNKED);
  const middle = await hold(pair.target, MIDDLE.update.sql); // the worker hangs in this chunk
  await untilWaiting(pair.target, jobId, MIDDLE.update.hangs);

  const stopped = await command('stop', jobId);
  const again = await command('stop', jobId);
  await middle.release();
  const status = await service.status(jobId);
  const before = await progress(pair);

  expect(stopped).toMatchObject({ status: 200, body: { job_id: jobId, state: 'stopped' } });
  expect(again).toMatchObject({ status: 200, body: { job_id: jobId, state: 'stopped' } });
  expect(status).toMatchObject({ state: 'stopped', epoch: 2, allowed_actions: ['resume'] });
  const resumed = await command('resume', jobId);
  expect(resumed).toMatchObject({ status: 202, body: { job_id: jobId } });
  const twice = await command('resume', jobId);
  expect(twice).toMatchObject({ status: 409, body: { code: 'state_conflict' } });
  const ended = await service.waitForEnd(jobId);

  expect(ended).toMatchObject({ state: 'completed', epoch: 3, allowed_actions: [] });
  expect(ended.counts).toMatchObject({ read: 2000, inserted: 1333, updated: 667 });
  expect(before?.seq).toBeGreaterThan(0);
  expect(await command('stop', jobId)).toMatchObject({ status: 409, body: { code: 'state_conflict' } });
  await expectAppliedOnce(pair);
});

/** 60,000 rows in three tables that refer to each other; every write leaves its time. */
async function busyPair(): Promise<TestPair> {
  const pair = await createPair();
  const table = (name: string, parent: string) =>
    `create table ${name} (id int primary key, parent int ${parent}, x text);`;
  for (const { client } of [pair.source, pair.target])
    await client.query(table('a', '') + table('b', 'references a') + table('c', 'references b'));
  for (const name of ['a', 'b', 'c'])
    await pair.source.client.query(`insert into ${name} select i, i, md5(i::text) from generate_series(1, 20000) i`);
  for (const name of ['a', 'b', 'c'])
    await pair.target.client.query(`insert into ${name} select i, i, 'old' from generate_series(1, 20000, 2) i`);
  await pair.target.client.query(`
    create table writes (at timestamptz);
    create function note_write() returns trigger language plpgsql as 'begin insert into public.writes values (clock_timestamp()); return null; end';
    ${['a', 'b', 'c'].map((t) => `create trigger note_write after insert or update on ${t} for each statement execute function note_write();`).join('\n')}`);
  return pair;
}

test('stopped and resumed again and again, a job writes nothing while it is stopped and ends equal', async () => {
  await using pair = await busyPair();
  const jobId = await service.startFull(pair, { batch_size: 200, max_parallel_tables: 3 });
  const chunks = async () => Number((await pair.target.client.query('select count(*) as n from writes')).rows[0].n);

  for (let round = 0; round < 5; round++) {
    const seen = await chunks();
    const going = await until('the job to write, or to end', async () => {
      const { state } = await service.status(jobId);
      return ['completed', 'verifying'].includes(state) ? state : (await chunks()) > seen + 3 && 'writing';
    });
    if (going !== 'writing') break;
    expect((await command('stop', jobId)).body.state).toBe('stopped');
    const { rows } = await pair.target.client.query('select clock_timestamp() as at');
    await until('the job to be worked on no more', async () => {
      const busy = (await service.processes()).filter((p) => p.function.includes('SyncSegment') && p.busy);
      return busy.length === 0;
    });
    const late = await pair.target.client.query('select count(*) as n from writes where at > $1', [rows[0].at]);
    expect(late.rows[0].n).toBe('0');
    expect((await command('resume', jobId)).status).toBe(202);
  }
  const ended = await service.waitForEnd(jobId);

  expect(ended.state).toBe('completed');
  expect(ended.epoch).toBeGreaterThan(4);
  await pair.target.client.query('drop table writes cascade');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
