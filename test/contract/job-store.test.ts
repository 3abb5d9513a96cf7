import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeCursor } from '../../functions/aws/dynamo/cursor.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { JOB_STATES, type Job, NO_COUNTS } from '../../lib/model/job.ts';
import type { JobStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryJobStore } from './memory.ts';
import { sampleJob, sampleProgress, sampleTable, sampleValidation } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoStore(): Promise<JobStore> {
  const { jobs } = await createTables(dynamo);
  return dynamoJobStore({ name: () => jobs, client: () => dynamo.client });
}

describe.each([
  ['memory', async () => memoryJobStore()],
  ['DynamoDB', newDynamoStore],
])('a job store in %s', (_name, make) => {
  let store: JobStore;
  beforeEach(async () => {
    store = await make();
  });

  it('gives back a job as it was created, and nothing for an unknown id', async () => {
    const job = sampleJob({ failure: { code: 'no_key', message: 'm', problems: [{ code: 'no_key', message: 'p' }] } });

    await store.create(job);

    expect(await store.get(job.job_id)).toEqual(job);
    expect(await store.get(sampleJob().job_id)).toBeUndefined();
  });

  it('keeps what is keyed by a column, whatever the column is called', async () => {
    const job = sampleJob({ config: { ...sampleJob().config, column_tags: { constructor: 'hash' as const } } });
    const table = sampleTable(job.job_id, { unknown_types: { constructor: 'xml', toString: 'line' } });

    await store.create(job);
    await store.putTables([table]);

    expect(await store.get(job.job_id)).toEqual(job);
    expect(await store.tables(job.job_id)).toEqual([table]);
  });

  it('takes the same job twice, also when it has moved on, but no other job under its id', async () => {
    const job = sampleJob();
    await store.create(job);
    await store.transition(job.job_id, { from: ['created'], epoch: 1 }, { state: 'preparing' });

    await store.create(job);

    expect((await store.get(job.job_id))?.state).toBe('preparing');
    await expect(store.create({ ...job, actor: 'eve' })).rejects.toMatchObject({ code: 'state_conflict' });
  });

  it('moves a job only from an expected state and epoch', async () => {
    const job = sampleJob();
    await store.create(job);
    const move = (from: 'created' | 'running', epoch: number) =>
      store.transition(job.job_id, { from: [from], epoch }, { state: 'preparing', epoch: 2, started_at: 'now' });

    expect(await move('running', 1)).toBeUndefined();
    expect(await move('created', 2)).toBeUndefined();
    expect(await store.get(job.job_id)).toEqual(job);
    const moved = await move('created', 1);
    expect(moved).toEqual({ ...job, state: 'preparing', epoch: 2, started_at: 'now' });
    expect(await store.get(job.job_id)).toEqual(moved);
    expect(await move('created', 1)).toBeUndefined();
    expect(await store.transition(sampleJob().job_id, { from: ['created'], epoch: 1 }, {})).toBeUndefined();
  });

  it('removes what a move says is undefined', async () => {
    const job = sampleJob({ failure: { code: 'no_key', message: 'm' }, ended_at: 'then' });
    await store.create(job);

    const moved = await store.transition(
      job.job_id,
      { from: ['created'], epoch: 1 },
      { failure: undefined, ended_at: undefined, takeovers: 1 },
    );

    const { failure, ended_at, ...rest } = job;
    expect(moved).toEqual({ ...rest, takeovers: 1 });
    expect(await store.get(job.job_id)).toEqual(moved);
  });

  it('lets exactly one of 20 simultaneous moves win', async () => {
    const job = sampleJob();
    await store.create(job);

    const moves = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.transition(job.job_id, { from: ['created'], epoch: 1 }, { state: 'preparing' }),
      ),
    );

    expect(moves.filter(Boolean)).toHaveLength(1);
  });

  it('notes a heartbeat of the current epoch only, and never an older one', async () => {
    const job = sampleJob();
    await store.create(job);

    await store.heartbeat(job.job_id, 2, '2026-11-23T11:00:00.000Z');
    expect((await store.get(job.job_id))?.heartbeat_at).toBe(job.heartbeat_at);
    await store.heartbeat(job.job_id, 1, '2026-11-23T10:30:00.000Z');
    await store.heartbeat(job.job_id, 1, '2026-11-23T10:20:00.000Z');
    await store.heartbeat(job.job_id, 1, '2026-11-23T10:30:59.999Z'); // each is written to every index of the jobs

    expect((await store.get(job.job_id))?.heartbeat_at).toBe('2026-11-23T10:30:00.000Z');
    await store.heartbeat(job.job_id, 1, '2026-11-23T10:31:00.000Z');
    expect((await store.get(job.job_id))?.heartbeat_at).toBe('2026-11-23T10:31:00.000Z');
    await store.heartbeat(sampleJob().job_id, 1, '2026-11-23T10:30:00.000Z'); // an unknown job makes no item
  });

  it('keeps what was found in the catalogs of each table, replacing what is there', async () => {
    const { job_id } = sampleJob();
    await store.putValidations([sampleValidation(job_id), sampleValidation(job_id, { table_no: 30 })]);
    const later = sampleValidation(job_id, { table_no: 30, findings: [], drift: [] });

    await store.putValidations([later]);

    expect(await store.validation(job_id, 0)).toEqual(sampleValidation(job_id));
    expect(await store.validation(job_id, 30)).toEqual(later);
    expect(await store.validation(job_id, 1)).toBeUndefined();
    expect(await store.tables(job_id)).toEqual([]);
  });

  it('keeps tables in their order, replacing what is there', async () => {
    const { job_id } = sampleJob();
    const tables = Array.from({ length: 60 }, (_, table) => sampleTable(job_id, { table, name: `public.t${table}` }));
    await store.putTables([...tables].reverse());

    await store.putTables([sampleTable(job_id, { table: 3, state: 'verified', name: 'public.t3' })]);

    expect(await store.tables(job_id)).toEqual(tables.map((t) => (t.table === 3 ? { ...t, state: 'verified' } : t)));
    expect(await store.tables(sampleJob().job_id)).toEqual([]);
    expect(await store.table(job_id, 3)).toEqual({ ...tables[3], state: 'verified' });
    expect(await store.table(job_id, 60)).toBeUndefined();
  });

  it('ignores older progress and takes newer', async () => {
    const { job_id } = sampleJob();
    const put = (epoch: number, seq: number) =>
      store.putProgress(sampleProgress(job_id, { epoch, seq, counts: { ...NO_COUNTS, read: seq } }));
    const kept = async () => (await store.progress(job_id)).map(({ epoch, seq }) => [epoch, seq]);

    await put(1, 2);
    await put(1, 1);
    expect(await kept()).toEqual([[1, 2]]);
    await put(2, 1);
    expect(await kept()).toEqual([[2, 1]]);
    await put(1, 9);
    expect(await kept()).toEqual([[2, 1]]);
    await store.putProgress(sampleProgress(job_id, { epoch: 2, seq: 1, finished: true }));
    expect((await store.progress(job_id))[0]?.finished).toBe(true);
  });

  it('keeps progress apart by table, pass and segment, in that order', async () => {
    const { job_id } = sampleJob();
    const all = [0, 12].flatMap((table) =>
      (['apply', 'delete', 'verify'] as const).flatMap((pass) =>
        [0, 2, 11].map((segment) => sampleProgress(job_id, { table, pass, segment })),
      ),
    );

    await Promise.all([...all].reverse().map((p) => store.putProgress(p)));

    expect(await store.progress(job_id)).toEqual(all);
  });

  it('lists jobs newest first, page by page, without gap or repetition', async () => {
    const jobs = Array.from({ length: 7 }, (_, i) =>
      sampleJob({ created_at: `2026-11-2${Math.floor(i / 2)}T10:00:00.000Z` }),
    );
    for (const job of jobs) await store.create(job);

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
      expect(page.jobs.length).toBeLessThanOrEqual(2);
      seen.push(...page.jobs.map((j) => j.job_id));
      cursor = page.cursor;
    } while (cursor);

    expect(new Set(seen)).toEqual(new Set(jobs.map((j) => j.job_id)));
    expect(seen).toHaveLength(7);
    const dates = seen.map((id) => jobs.find((j) => j.job_id === id)?.created_at ?? '');
    expect(dates).toEqual([...dates].sort().reverse());
  });

  it('lists only jobs of a state, over pages', async () => {
    for (let i = 0; i < 12; i++) {
      const state = i % 3 === 0 ? ('failed' as const) : ('completed' as const);
      await store.create(sampleJob({ state, created_at: `2026-11-23T10:00:${String(i).padStart(2, '0')}.000Z` }));
    }

    const first = await store.list({ limit: 3, state: 'failed' });
    const second = await store.list({ limit: 3, state: 'failed', ...(first.cursor && { cursor: first.cursor }) });

    expect(first.jobs.map((j) => j.created_at.slice(17, 19))).toEqual(['09', '06', '03']);
    expect(first.cursor).toBeDefined();
    expect(second.jobs.map((j) => j.created_at.slice(17, 19))).toEqual(['00']);
    expect(second.cursor).toBeUndefined();
  });

  it('refuses a cursor that it did not make', async () => {
    const good = encodeCursor(`2026-11-23T10:00:00.000Z#${sampleJob().job_id}`);
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const bad = ['', 'x', '!!', `${good}=`, `${good} `, good.slice(0, -3), forged({ v: 2, after: 'x' }), forged(null)];
    bad.push(forged({ v: 1, after: 'jobs' }), forged({ v: 1, after: "2026-11-23T10:00:00.000Z#'; drop" }));

    for (const cursor of bad)
      await expect(store.list({ limit: 5, cursor }), cursor).rejects.toMatchObject({ code: 'cursor_invalid' });
    await expect(store.list({ limit: 5, cursor: good })).resolves.toEqual({ jobs: [] });
  });

  it('looks after each job until it is forgotten, and forgets only the epoch that it was asked about', async () => {
    for (const state of JOB_STATES) await store.create(sampleJob({ state }));
    const done = (await store.list({ limit: 20, state: 'completed' })).jobs[0] as Job;
    const going = (await store.list({ limit: 20, state: 'running' })).jobs[0] as Job;

    await store.forget(done.job_id, done.epoch);
    await store.forget(done.job_id, done.epoch);
    await store.forget(going.job_id, going.epoch + 1);
    const left = await store.listToSweep();

    expect(new Set(left.map((j) => j.state))).toEqual(new Set(JOB_STATES.filter((s) => s !== 'completed')));
    expect(left.find((j) => j.job_id === going.job_id)).toEqual(going);
    expect(await store.get(done.job_id)).toEqual(done);
  });
});

describe('a job store in DynamoDB under faults', () => {
  it('takes a move whose reply was lost for a success', async () => {
    const store = await newDynamoStore();
    const job = sampleJob();
    await store.create(job);
    dynamo.faultNext('UpdateItem', 'lose reply');

    const moved = await store.transition(job.job_id, { from: ['created'], epoch: 1 }, { state: 'preparing', epoch: 2 });

    expect(moved).toEqual({ ...job, state: 'preparing', epoch: 2 });
  });

  it('takes a creation whose reply was lost for a success', async () => {
    const store = await newDynamoStore();
    const job = sampleJob();
    dynamo.faultNext('PutItem', 'lose reply');

    await store.create(job);

    expect(await store.get(job.job_id)).toEqual(job);
  });

  it('takes progress and heartbeats whose reply was lost for written', async () => {
    const store = await newDynamoStore();
    const job = sampleJob();
    await store.create(job);
    dynamo.faultNext('PutItem', 'lose reply');
    dynamo.faultNext('UpdateItem', 'lose reply');

    await store.putProgress(sampleProgress(job.job_id));
    await store.heartbeat(job.job_id, 1, '2026-11-23T10:30:00.000Z');

    expect(await store.progress(job.job_id)).toHaveLength(1);
    expect((await store.get(job.job_id))?.heartbeat_at).toBe('2026-11-23T10:30:00.000Z');
  });

  it('rides out throttling', async () => {
    const store = await newDynamoStore();
    const job = sampleJob();
    dynamo.faultNext('PutItem', 'throttle');
    dynamo.faultNext('PutItem', 'throttle');

    await store.create(job);

    expect(await store.get(job.job_id)).toEqual(job);
  });

  it('sends again what a batch left unprocessed', async () => {
    const store = await newDynamoStore();
    const { job_id } = sampleJob();
    dynamo.faultNext('BatchWriteItem', 'leave unprocessed');
    dynamo.faultNext('BatchWriteItem', 'leave unprocessed');

    await store.putTables(Array.from({ length: 30 }, (_, table) => sampleTable(job_id, { table })));

    expect(await store.tables(job_id)).toHaveLength(30);
  });

  it('reads past the 1 MB a page may hold', async () => {
    const store = await newDynamoStore();
    const { job_id } = sampleJob();
    const message = 'x'.repeat(20_000);
    await store.putTables(
      Array.from({ length: 80 }, (_, table) => sampleTable(job_id, { table, failure: { code: 'internal', message } })),
    );
    dynamo.calls.length = 0;

    const tables = await store.tables(job_id);

    expect(tables.map((t) => t.table)).toEqual(Array.from({ length: 80 }, (_, i) => i));
    expect(dynamo.calls.length).toBeGreaterThan(1);
  });

  it('ends a page early, with a cursor, when a state is rare', async () => {
    const store = await newDynamoStore();
    const rare = sampleJob({ state: 'failed', created_at: '2025-01-01T00:00:00.000Z' });
    await store.create(rare);
    const many = Array.from({ length: 1050 }, () => sampleJob({ state: 'completed' }));
    for (let i = 0; i < many.length; i += 50) await Promise.all(many.slice(i, i + 50).map((j) => store.create(j)));
    dynamo.calls.length = 0;

    const first = await store.list({ limit: 20, state: 'failed' });
    const calls = dynamo.calls.length;
    const second = await store.list({ limit: 20, state: 'failed', ...(first.cursor && { cursor: first.cursor }) });

    expect(first.jobs).toEqual([]);
    expect(first.cursor).toBeDefined();
    expect(calls).toBe(10);
    expect(second.jobs).toEqual([rare]);
  });

  it('says unavailable, naming itself, when nothing answers or the table is not there', async () => {
    const store = dynamoJobStore({ name: () => 'no-such-table', client: () => dynamo.client });

    await expect(store.get(sampleJob().job_id)).rejects.toMatchObject({
      code: 'unavailable',
      facts: { dependency: 'jobs table', reason: 'ResourceNotFoundException' },
    });
  });
});
