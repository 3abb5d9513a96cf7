import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { dynamoAuditLog } from '../../functions/aws/dynamo/audit-log.ts';
import { dynamoConflictStore } from '../../functions/aws/dynamo/conflict-store.ts';
import { dynamoJobArchive } from '../../functions/aws/dynamo/job-archive.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoResolutionStore } from '../../functions/aws/dynamo/resolution-store.ts';
// from '../../functions/aws/dynamo/job-store.ts';
import { append } from '../../lib/audit/trail.ts';
import type { AuditLevel } from '../../lib/model/audit-view.ts';
import type { Job } from '../../lib/model/job.ts';
import { isOver, retain } from '../../lib/orchestrator/retention.ts';
import type { AuditLog, ConflictStore, JobArchive, JobStore, Log } from '../../lib/ports.ts';
import { memoryLog } from '../support/memory-ports.ts';
import { createTables, ScanCommand, startDynamo, type TestDynamo } from './dynamo.ts';
import { sampleConflict, sampleJob, sampleProgress, sampleResolution, sampleTable } from './samples.ts';

const NOW = new Date('2030-01-01T00:00:00.000Z');
const DAYS = { minimal: 0, standard: 100, detailed: 10 };
const daysAgo = (n: number) => new Date(NOW.getTime() - n * 86_400_000).toISOString();

let dynamo: TestDynamo;
let names: Awaited<ReturnType<typeof createTables>>;
let jobs: JobStore;
let audit: AuditLog;
let conflicts: ConflictStore;
let archive: JobArchive;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  names = await createTables(dynamo);
  const table = (name: string) => ({ name: () => name, client: () => dynamo.client });
  jobs = dynamoJobStore(table(names.jobs));
  audit = dynamoAuditLog(table(names.audit), table(names.jobs));
  conflicts = dynamoConflictStore(table(names.conflicts));
  archive = dynamoJobArchive({
    jobs: table(names.jobs),
    audit: table(names.audit),
    conflicts: table(names.conflicts),
    registry: table(names.registry),
  });
});

/** A job with tables, progress and a trail of 120 events, whose values say whose they are. */
async function oldJob(endedDaysAgo: number, level: AuditLevel, over: Partial<Job> = {}): Promise<Job> {
  const config = { ...sampleJob().config, audit_level: level };
  const ended_at = daysAgo(endedDaysAgo);
  const root = { events: 120, hash: 'ab'.repeat(32), at: ended_at };
  const base = sampleJob({
    state: 'completed',
    config,
    created_at: daysAgo(endedDaysAgo + 1),
    ended_at,
    audit_root: root,
  });
  const job = { ...base, ...over };
  await jobs.create(job);
  await jobs.putTables([0, 1, 2].map((n) => sampleTable(job.job_id, { table: n })));
  await jobs.putProgress(sampleProgress(job.job_id));
  const event = (seq: number) => ({
    job_id: job.job_id,
    stream: 'job',
    seq,
    type: 'chunk.applied',
    at: ended_at,
    actor: 'ada c4n4ry',
    data: { note: 'c4n4ry' },
  });
  await append(
    audit,
    job.job_id,
    Array.from({ length: 120 }, (_, i) => event(i + 1)),
  );
  await audit.seal(job.job_id, root);
  return job;
}

const everything = async () => {
  const tables = [names.jobs, names.audit, names.registry];
  const pages = await Promise.all(tables.map((TableName) => dynamo.client.send(new ScanCommand({ TableName }))));
  return pages.map((p) => p.Items ?? []) as [
    Record<string, unknown>[],
    Record<string, unknown>[],
    Record<string, unknown>[],
  ];
};

const run = (a: JobArchive = archive, log: Log = memoryLog()) => retain(DAYS, { archive: a, clock: () => NOW, log });

test.each<[string, number, AuditLevel, Partial<Job>, boolean]>([
  ['of level standard after its days', 101, 'standard', {}, true],
  ['of level standard before them', 99, 'standard', {}, false],
  ['of level detailed, which is kept for less', 11, 'detailed', {}, true],
  ['of a level that is kept for good', 9_999, 'minimal', {}, false],
  ['that failed and cannot be resumed any more', 101, 'standard', { state: 'failed', secret_removed: true }, true],
  ['that failed and can be resumed', 101, 'standard', { state: 'failed' }, false],
  ['that was stopped and can be resumed', 101, 'standard', { state: 'stopped' }, false],
  ['that is paused', 101, 'standard', { state: 'paused', ended_at: daysAgo(101) }, false],
])('a job %s: erased or kept', (_what, days, level, over, erased) => {
  const config = { ...sampleJob().config, audit_level: level };
  const job = sampleJob({ state: 'completed', config, ended_at: daysAgo(days), ...over });

  expect(isOver(job, DAYS, NOW)).toBe(erased);
});

test('a job whose time is up is deleted whole, others are not touched, and the registry says what it was', async () => {
  const [gone, detailed, kept, forever] = [
    await oldJob(200, 'standard'),
    await oldJob(20, 'detailed'),
    await oldJob(20, 'standard'),
    await oldJob(2_000, 'minimal'),
  ];

  expect(await run()).toBe(2);

  const [inJobs, inAudit, inRegistry] = await everything();
  const left = new Set([...inJobs, ...inAudit].map((i) => String(i.job_id).replace('root#', '')));
  expect([...left].sort()).toEqual([kept.job_id, forever.job_id].sort());
  expect(inJobs.filter((i) => i.job_id === kept.job_id)).toHaveLength(6);
  expect(inRegistry.map((i) => [i.kind, i.name]).sort()).toEqual(
    [gone, detailed].map((j) => ['erased_job', j.job_id]).sort(),
  );
  expect(inRegistry.find((i) => i.name === gone.job_id)).toMatchObject({
    audit_level: 'standard',
    kept_days: 100,
    state: 'completed',
    root: gone.audit_root,
    begun_at: NOW.toISOString(),
    finished_at: NOW.toISOString(),
  });
  expect(JSON.stringify(inRegistry)).not.toMatch(/c4n4ry|ada/);
  expect(await jobs.get(gone.job_id)).toBeUndefined();
  expect(await run()).toBe(0);
});

test('conflicts that no later job has seen go with their job, open or closed, and the others stay', async () => {
  const [gone, kept] = [await oldJob(200, 'standard'), await oldJob(20, 'standard')];
  const [own, closed, taken, inherited] = [
    sampleConflict(gone.job_id, { conflict_id: 'a'.repeat(32) }),
    sampleConflict(gone.job_id, { conflict_id: 'b'.repeat(32), state: 'converged' }),
    sampleConflict(gone.job_id, { conflict_id: 'c'.repeat(32), seen_by: kept.job_id }),
    sampleConflict(kept.job_id, { conflict_id: 'd'.repeat(32), seen_by: gone.job_id }),
  ];
  await conflicts.put([own, closed, taken, inherited]);

  expect(await run()).toBe(1);

  const left = await Promise.all([own, closed, taken, inherited].map((c) => conflicts.get(c.conflict_id)));
  expect(left).toEqual([undefined, undefined, taken, undefined]);
});

test('orders to decide many conflicts go with their job, with their frozen lists, and those of other jobs stay', async () => {
  const [gone, kept] = [await oldJob(200, 'standard'), await oldJob(20, 'standard')];
  const orders = dynamoResolutionStore({ name: () => names.conflicts, client: () => dynamo.client });
  const listed = [{ conflict_id: 'a'.repeat(32), seen: 's' }];
  const made = [sampleResolution(gone.job_id), sampleResolution(gone.job_id), sampleResolution(kept.job_id)];
  for (const order of made) {
    await orders.create(order);
    for (const page of [0, 1, 2]) await orders.freeze(order.resolution_id, page, { listed });
    await orders.advance({ ...order, seq: 2, state: 'completed' }); // it is on no other list any more
  }

  expect(await run()).toBe(1);

  const { Items = [] } = await dynamo.client.send(new ScanCommand({ TableName: names.conflicts }));
  expect(new Set(Items.map((i) => i.id))).toEqual(new Set([made[2]?.resolution_id]));
  expect(Items).toHaveLength(4);
});

test.each(['begin', 'erase', 'finish'] as const)(
  'what a run that died %s has begun, the next one ends',
  async (step) => {
    await oldJob(200, 'standard');
    for (const when of ['before', 'after']) {
      const dying = {
        ...archive,
        [step]: async (...args: never[]) => {
          if (when === 'after') await (archive[step] as (...a: never[]) => Promise<unknown>)(...args);
          throw new Error('killed');
        },
      };
      expect(await run(dying)).toBe(0);
    }

    await run();

    const [inJobs, inAudit, inRegistry] = await everything();
    expect([inJobs, inAudit]).toEqual([[], []]);
    expect(inRegistry.map((i) => i.kind)).toEqual(['erased_job']);
  },
);

test('a run that dies in the middle of the deletes is ended by the next one', async () => {
  const job = await oldJob(200, 'standard');
  for (let i = 0; i < 8; i++) dynamo.faultNext('DeleteItem', 'throttle'); // two blocks, each as often as the SDK tries

  const figures: unknown[] = [];
  expect(await run(archive, { ...memoryLog(), info: (_message, _fields, f) => void figures.push(f) })).toBe(0);
  expect(figures).toEqual([{ JobsErased: 0, JobsNotErased: 1 }]);
  expect((await everything())[2]).toMatchObject([{ kind: 'erasing', name: job.job_id }]);
  expect(await run()).toBeGreaterThan(0);
  expect((await everything()).slice(0, 2)).toEqual([[], []]);
});

test('many old jobs are gone through page by page, and a run that has no time left ends', async () => {
  const old = [];
  for (let i = 0; i < 5; i++) old.push(await oldJob(300 - i, 'standard'));
  let left = 3;

  await retain(DAYS, { archive, clock: () => NOW, log: memoryLog() }, () => left-- > 0);
  const remaining = new Set((await everything())[0].map((i) => i.job_id));

  expect(remaining.size).toBeGreaterThan(0);
  expect(remaining.size).toBeLessThan(5);
  expect(remaining.has((old.at(-1) as Job).job_id)).toBe(true);
  await run();
  expect((await everything())[0]).toEqual([]);
  expect(await archive.oldest(NOW.toISOString())).toEqual({ jobs: [] });
});
