import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { dynamoConflictWriter } from '../../functions/aws/dynamo/conflict-items.ts';
import { UpdateCommand } from '../../functions/aws/dynamo/document.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoNoticeStore } from '../../functions/aws/dynamo/notice-store.ts';
import type { Job } from '../../lib/model/job.ts';
import type { Untold } from '../../lib/model/notice.ts';
import type { JobPatch, JobStore, NoticeStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { sampleConflict, sampleJob } from './samples.ts';

const AT = '2026-11-23T10:00:00.000Z';

let dynamo: TestDynamo;
let tables: Awaited<ReturnType<typeof createTables>>;
let jobs: JobStore;
let notices: NoticeStore;
const table = (name: string) => ({ name: () => name, client: () => dynamo.client });
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  tables = await createTables(dynamo);
  jobs = dynamoJobStore(table(tables.jobs));
  notices = dynamoNoticeStore(table(tables.jobs), table(tables.conflicts));
});

async function newJob(): Promise<Job> {
  const job = sampleJob({ state: 'verifying' });
  await jobs.create(job);
  return job;
}

const end = (job: Job, over: JobPatch = {}) =>
  jobs.transition(job.job_id, { from: ['verifying'], epoch: 1 }, { state: 'completed', ended_at: AT, ...over });
const pause = (job: Job, epoch: number) =>
  jobs.transition(
    job.job_id,
    { from: ['verifying', 'paused'], epoch },
    { state: 'paused', epoch: epoch + 1, pause: { code: 'lock_timeout', message: 'm', since: AT } },
  );
const told = async (job: Job) => (await notices.untold(job.job_id))?.notices.map((n) => `${n.what} ${n.epoch}`) ?? [];

test('a move that is worth telling is noted by the same write, and the job is due until it was told', async () => {
  const job = await newJob();
  expect(await notices.due()).toEqual([]);

  const after = await end(job);

  expect(after).toEqual({ ...job, state: 'completed', ended_at: AT });
  expect(await jobs.get(job.job_id)).toEqual(after); // notices are no part of a job
  expect(await notices.due()).toEqual([job.job_id]);
  const untold = (await notices.untold(job.job_id)) as Untold; // just noted
  expect(untold).toEqual({
    job: after,
    notices: [{ what: 'ended', epoch: 1, at: AT, state: 'completed', write: expect.any(String) }],
  });

  expect(await notices.told(untold)).toBe(true);

  expect(await notices.due()).toEqual([]);
  expect(await notices.untold(job.job_id)).toBeUndefined();
  expect(await notices.told(untold)).toBe(false); // again: nothing
  expect(await jobs.get(job.job_id)).toEqual(after);
});

test('a move that is refused, and a step of the run, note nothing', async () => {
  const job = await newJob();

  await jobs.transition(job.job_id, { from: ['running'], epoch: 1 }, { state: 'completed', ended_at: AT });
  await jobs.transition(job.job_id, { from: ['verifying'], epoch: 7 }, { state: 'completed', ended_at: AT });
  await jobs.transition(job.job_id, { from: ['verifying'], epoch: 1 }, { takeovers: 1 });

  expect(await notices.due()).toEqual([]);
});

test('of 20 moves at once one is noted', async () => {
  const job = await newJob();

  const won = await Promise.all(Array.from({ length: 20 }, () => pause(job, 1)));

  expect(won.filter(Boolean)).toHaveLength(1);
  expect(await told(job)).toEqual(['paused 2']);
});

test('a write whose answer is lost, and which the SDK sends again, is noted once', async () => {
  const job = await newJob();
  dynamo.faultNext('UpdateItem', 'lose reply');

  expect(await end(job)).toMatchObject({ state: 'completed' });
  expect(await told(job)).toEqual(['ended 1']);
});

test('what comes while others are told stays, in its order', async () => {
  const job = await newJob();
  await pause(job, 1);
  await pause(job, 2);
  const read = (await notices.untold(job.job_id)) as Untold; // two
  await pause(job, 3);

  expect(await notices.told(read)).toBe(true);
  expect(await told(job)).toEqual(['paused 4']);
  expect(await notices.due()).toEqual([job.job_id]);

  expect(await notices.told(read)).toBe(false); // a second teller, late: nothing of it is there any more
  expect(await told(job)).toEqual(['paused 4']);
});

test('the run whose lag was told is known to whoever tells next, and to nobody else', async () => {
  const job = await newJob();
  await pause(job, 1);
  await notices.told((await notices.untold(job.job_id)) as Untold, 2);
  await pause(job, 2);

  expect(await notices.untold(job.job_id)).toMatchObject({ lag_told: 2, notices: [{ epoch: 3 }] });
  expect(await jobs.get(job.job_id)).not.toHaveProperty('lag_told');
});

test('what cannot be told for very long takes no job with it: the newest is kept', async () => {
  const job = await newJob();
  await pause(job, 1);
  const [one] = (await notices.untold(job.job_id))?.notices ?? [];
  const many = Array.from({ length: 500 }, (_, i) => ({ ...one, write: `w${i}` }));
  await dynamo.client.send(
    new UpdateCommand({
      TableName: tables.jobs,
      Key: { job_id: job.job_id, item: 'job' },
      UpdateExpression: 'set notices = :many',
      ExpressionAttributeValues: { ':many': many },
    }),
  );

  expect(await pause(job, 2)).toMatchObject({ state: 'paused', epoch: 3 });
  expect(await told(job)).toEqual(['paused 3']);
  expect(await pause(job, 2)).toBeUndefined();
});

test('a job that was deleted meanwhile has nothing to tell', async () => {
  expect(await notices.untold(sampleJob().job_id)).toBeUndefined();
});

test('conflicts that wait are counted by table and type, those of this job alone', async () => {
  const job = await newJob();
  const of = (over: object) => sampleConflict(job.job_id, over);
  await dynamoConflictWriter(table(tables.conflicts)).put([
    of({ table: 'public.a', type: 'insert_exists' }),
    of({ table: 'public.a', type: 'insert_exists' }),
    of({ table: 'public.a', type: 'update_differing' }),
    of({ table: 'public.b', type: 'update_differing' }),
    of({ table: 'public.b', type: 'update_differing', state: 'resolved' }),
    sampleConflict('another-job'),
  ]);

  const { by_table, more } = await notices.conflicts(job.job_id);

  expect(more).toBe(false);
  expect(by_table.map((c) => `${c.table} ${c.type} ${c.open}`).sort()).toEqual([
    'public.a insert_exists 2',
    'public.a update_differing 1',
    'public.b update_differing 1',
  ]);
});
