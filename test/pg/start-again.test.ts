import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { type StartPorts, type StartRequest, startJob } from '../../lib/orchestrator/start-job.ts';
import { commandDatabases } from '../../lib/postgres/command-databases.ts';
import { createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { ports, run } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import { eventsOf } from '../support/trail.ts';

const databases = commandDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
const BOTH_WAYS = { direction: 'bidirectional', conflict_strategy: 'manual' } as const;
const away = () => Promise.reject(new SyncError('unavailable', 'the jobs table does not answer'));

async function setUp(pair: TestPair, config: Partial<JobConfig> = {}) {
  for (const { client } of [pair.source, pair.target])
    await client.query('create table a (id int primary key, x text)');
  await pair.source.client.query(`insert into a select i, 'v' from generate_series(1, 50) i`);
  const p = ports();
  const commands: StartPorts = { ...p, databases };
  const request: StartRequest = {
    jobId: randomUUID(),
    actor: 'ada',
    config: jobConfigSchema.parse(config),
    pair: { source: pair.source.connection, target: pair.target.connection },
  };
  return { p, commands, request };
}

const kept = async ({ client }: TestDatabase) => ({
  jobs: (await client.query('select job_id, epoch::int, ended from tf_sync.job')).rows,
  leases: (await client.query('select job_id, table_name from tf_sync.lease')).rows,
});

test.each([
  ['into the target', {}],
  ['both ways', BOTH_WAYS],
])('a start that died between its lease and its job is done again under the same id: %s', async (_, config) => {
  await using pair = await createPair();
  const { p, commands, request } = await setUp(pair, config);
  const { jobId } = request;
  const dies = { ...commands, jobs: { ...p.jobs, create: away, get: async () => undefined } };
  const target: typeof databases.target = async (...args) => ({ ...(await databases.target(...args)), dropJob: away });
  const source: typeof databases.source = async (...args) => {
    const open = await databases.source(...args);
    return { ...open, ...(open.writer && { writer: { ...open.writer, dropJob: away } }) };
  };
  await expect(startJob(request, { ...dies, databases: { source, target } })).rejects.toMatchObject({
    code: 'unavailable',
  });

  const later = { ...request, actor: 'bob', config: { ...request.config, batch_size: 7 } };
  const job = await startJob(later, commands);

  expect(job).toMatchObject({ job_id: jobId, state: 'created' });
  for (const side of 'direction' in config ? [pair.source, pair.target] : [pair.target])
    expect(await kept(side)).toEqual({
      jobs: [{ job_id: jobId, epoch: '1', ended: 'f' }],
      leases: [{ job_id: jobId, table_name: 'a' }],
    });
  expect(await startJob(later, commands)).toEqual(job);
  expect((await run(job, p)).state).toMatch(/^completed/);
  const [created, ...more] = await eventsOf(p.audit, jobId);
  expect(created).toMatchObject({ type: 'job.created', actor: 'bob', data: { config: { batch_size: 7 } } });
  expect(more.map((e) => e.type)).not.toContain('job.created');
});

test.each([
  ['into the target', {}],
  ['both ways', BOTH_WAYS],
])('two starts at once under one id are one job, which has its lease and its connections: %s', async (_, config) => {
  await using pair = await createPair();
  const { p, commands, request } = await setUp(pair, config);

  const jobs = await Promise.all([1, 2, 3].map(() => startJob(request, commands)));

  expect(new Set(jobs.map((job) => job.created_at)).size).toBe(1);
  expect((await p.jobs.list({ limit: 10 })).jobs).toHaveLength(1);
  expect((await run(jobs[0] as (typeof jobs)[0], p)).state).toMatch(/^completed/);
});

test('a call that could not store the job undoes nothing under another one that has begun under the id meanwhile', async () => {
  await using pair = await createPair();
  const { p, commands, request } = await setUp(pair);
  const { jobId } = request;
  const leased = Promise.withResolvers<void>();
  const joined = Promise.withResolvers<void>();
  const refused = async () => {
    leased.resolve();
    await joined.promise;
    throw new SyncError('unavailable', 'throttled');
  };
  const stays = async () => {
    joined.resolve();
    await loser; // has given up by now
    return p.secrets.put(jobId, request.pair);
  };

  const loser = startJob(request, { ...commands, jobs: { ...p.jobs, create: refused } }).catch((e: unknown) => e);
  await leased.promise;
  const job = await startJob(request, { ...commands, secrets: { ...p.secrets, put: stays } });

  expect(await loser).toMatchObject({ code: 'unavailable' });
  expect((await kept(pair.target)).leases).toEqual([{ job_id: jobId, table_name: 'a' }]);
  expect((await run(job, p)).state).toBe('completed');
});

test('a call that could not store the job undoes what it did, its secret before anybody can begin anew', async () => {
  await using pair = await createPair();
  const { p, commands, request } = await setUp(pair);
  await expect(startJob(request, { ...commands, jobs: { ...p.jobs, create: away } })).rejects.toMatchObject({
    code: 'unavailable',
  });

  expect(await kept(pair.target)).toEqual({ jobs: [], leases: [] });
  await expect(p.secrets.get(request.jobId)).rejects.toMatchObject({ code: 'secret_missing' });
});

test('nothing goes on under an id whose job has run', async () => {
  await using pair = await createPair();
  const { p, commands, request } = await setUp(pair);
  await run(await startJob(request, commands), p);

  const forgotten = { ...commands, jobs: { ...p.jobs, get: async () => undefined } };
  await expect(startJob(request, forgotten)).rejects.toMatchObject({ code: 'state_conflict' });
  expect((await kept(pair.target)).leases).toEqual([]);
});
