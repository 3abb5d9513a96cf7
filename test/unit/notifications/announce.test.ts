import { expect, test } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import type { Figures } from '../../../lib/model/metrics.ts';
import type { StoredNotice, Untold } from '../../../lib/model/notice.ts';
import type { Notification } from '../../../lib/model/notification.ts';
import { type AnnouncePorts, announce } from '../../../lib/orchestrator/announce.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { sampleJob, sampleProgress, sampleTable } from '../../contract/samples.ts';

const AT = '2026-11-23T10:00:00.000Z';
const ended = (over: Partial<StoredNotice> = {}): StoredNotice => ({
  what: 'ended',
  epoch: 2,
  at: AT,
  state: 'completed',
  write: 'w1',
  ...over,
});

/** Jobs with notices, a bus that remembers, and ways to break both. */
function world(...untold: Untold[]) {
  const waiting = new Map(untold.map((u) => [u.job.job_id, u]));
  const published: Notification[] = [];
  const logged: unknown[] = [];
  const counted: (Figures | undefined)[] = [];
  const lags = new Map<string, number>();
  const broken = { bus: false, told: false };
  const ports: AnnouncePorts = {
    jobs: {
      tables: async (id) => [sampleTable(id)],
      progress: async (id) => [sampleProgress(id), sampleProgress(id, { segment: 1 })],
    },
    notices: {
      due: async () => [...waiting.keys()],
      untold: async (id) => waiting.get(id),
      told: async ({ job }, lagTold) => {
        if (broken.told) throw new Error('killed');
        if (lagTold !== undefined) lags.set(job.job_id, lagTold);
        return waiting.delete(job.job_id);
      },
      conflicts: async () => ({ by_table: [{ table: 'public.t', type: 'insert_exists', open: 2 }], more: false }),
    },
    bus: {
      publish: async (notifications) => {
        if (broken.bus) throw new SyncError('unavailable', 'the bus is away');
        published.push(...notifications);
      },
    },
    lag: { bytes: 1, seconds: 1 },
    log: {
      info: (_message, _facts, figures) => void counted.push(figures),
      warn: () => undefined,
      error: (...args) => void logged.push(args),
    },
  };
  return { ports, published, waiting, broken, logged, lags, counted };
}

const ids = (published: readonly Notification[]) => published.map(({ id }) => id);

test('what jobs have to tell is published in their order, and then forgotten', async () => {
  const job = sampleJob();
  const paused = ended({ what: 'paused', epoch: 1, code: 'confirm_required' });
  const { ports, published, waiting } = world({ job, notices: [paused, ended()] });

  expect(await announce(ports)).toBe(3);
  expect(published.map((n) => n.type)).toEqual(['job.paused', 'job.ended', 'conflicts.new']);
  expect(published[1]?.data).toMatchObject({ counts: { read: expect.any(Number) }, open_conflicts: 2 });
  expect(waiting.size).toBe(0);
  expect(await announce(ports)).toBe(0);
});

test('who dies between publishing and forgetting publishes again, under the same ids', async () => {
  const { ports, published, broken, waiting } = world({ job: sampleJob(), notices: [ended()] });

  broken.told = true;
  await announce(ports);
  broken.told = false;
  await announce(ports);

  expect(waiting.size).toBe(0);
  expect(ids(published).slice(2)).toEqual(ids(published).slice(0, 2));
});

test('what two publish at once is counted once', async () => {
  const { ports, published, counted } = world({ job: sampleJob(), notices: [ended()] });

  await Promise.all([announce(ports), announce(ports)]);

  expect(ids(published).slice(2)).toEqual(ids(published).slice(0, 2));
  expect(counted.map((figures) => figures?.ConflictsOpened)).toEqual([2, undefined]);
});

test('while the bus is away nothing is forgotten, and afterwards it is told', async () => {
  const { ports, published, broken, waiting, logged } = world({ job: sampleJob(), notices: [ended()] });

  broken.bus = true;
  expect(await announce(ports)).toBe(0);
  expect(waiting.size).toBe(1);
  expect(JSON.stringify(logged)).toContain('unavailable');
  broken.bus = false;
  await announce(ports);

  expect(published.map((n) => n.type)).toEqual(['job.ended', 'conflicts.new']);
});

test('trouble with one job keeps no other from being told', async () => {
  const bad = { job: sampleJob(), notices: [ended()] };
  const good = { job: sampleJob(), notices: [ended()] };
  const { ports, published, waiting } = world(bad, good);
  const { untold } = ports.notices;
  const notices = {
    ...ports.notices,
    untold: async (id: string) => (id === bad.job.job_id ? Promise.reject(new Error('x')) : untold(id)),
  };

  await announce({ ...ports, notices });

  expect(new Set(published.map((n) => (n.type === 'webhook.test' ? '' : n.job.id)))).toEqual(
    new Set([good.job.job_id]),
  );
  expect([...waiting.keys()]).toEqual([bad.job.job_id]);
});

test('an end that was noted twice is told once', async () => {
  const { ports, published } = world({ job: sampleJob(), notices: [ended(), ended({ write: 'w2' })] });

  await announce(ports);

  expect(published.map((n) => n.type)).toEqual(['job.ended', 'conflicts.new']);
});

test('a job that drains again and again tells its lag once a run', async () => {
  const lagging = (epoch: number): StoredNotice => ({
    ...{ what: 'lagging', epoch, at: AT, write: `w${epoch}`, lag_bytes: 2, lag_seconds: 0 },
  });
  const job = sampleJob();
  const { ports, published, waiting, lags } = world({ job, notices: [lagging(1), lagging(1)] });

  await announce(ports);
  const lag_told = lags.get(job.job_id) ?? 0;
  for (const epoch of [1, 2]) {
    waiting.set(job.job_id, { job, notices: [lagging(epoch)], lag_told });
    await announce(ports);
  }

  expect(published.map((n) => (n.type === 'changes.lag' ? n.job.epoch : n.type))).toEqual([1, 2]);
});

test('a job that goes on until it is stopped tells its lag once an hour, though each round is a run', async () => {
  const lagging = (epoch: number, at: string): StoredNotice => ({
    ...{ what: 'lagging', epoch, at: `2026-11-23T${at}:00.000Z`, write: `w${epoch}`, lag_bytes: 2, lag_seconds: 0 },
  });
  const job = sampleJob({ config: jobConfigSchema.parse({ continuous: true, detection_strategy: 'cdc' }) });
  const { ports, published, waiting, lags } = world({ job, notices: [lagging(1, '10:00'), lagging(2, '10:05')] });

  await announce(ports);
  for (const notice of [lagging(3, '10:59'), lagging(4, '11:00'), lagging(5, '11:01')]) {
    waiting.set(job.job_id, { job, notices: [notice], lag_told: lags.get(job.job_id) ?? 0 });
    await announce(ports);
  }

  expect(published.map((n) => (n.type === 'changes.lag' ? n.job.epoch : n.type))).toEqual([1, 4]);
});

test('the end of a job that followed the log counts the rounds that were settled, and each row of the last one once', async () => {
  const read = (n: number) => ({ ...NO_COUNTS, read: n });
  const { ports, published } = world({ job: sampleJob(), notices: [ended()] });
  const jobs: AnnouncePorts['jobs'] = {
    tables: async (id) => [
      sampleTable(id, { settled: { epoch: 3, counts: read(40), quarantined: 0, conflicts: 0 } }),
      sampleTable(id, { table: 1 }),
    ],
    progress: async (id) => [
      sampleProgress(id, { epoch: 3, counts: read(500) }),
      sampleProgress(id, { epoch: 4, segment: 1, counts: read(2) }),
      sampleProgress(id, { table: 1, epoch: 1, counts: read(7) }),
    ],
  };
  await announce({ ...ports, jobs });

  expect(published[0]?.data).toMatchObject({ counts: { read: 40 + 2 + 7 } });
});
