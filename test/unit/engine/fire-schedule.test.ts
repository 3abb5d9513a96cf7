import { expect, test } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import type { Figures } from '../../../lib/model/metrics.ts';
import type { Schedule, ScheduleRun } from '../../../lib/model/schedule.ts';
import { decideFire, type FirePorts, fireSchedule, tendSchedules } from '../../../lib/orchestrator/fire-schedule.ts';
import { memoryScheduleStore } from '../../contract/memory.ts';
import { sampleJob, sampleSchedule } from '../../contract/samples.ts';
import { noEnvironments } from '../../support/environments.ts';

const PAIR = { source: sampleJob().source, target: sampleJob().target } as never; // only handed on

/** Everything around a schedule, in memory. `start` may be replaced by what answers otherwise. */
async function world(over: Partial<Schedule> = {}, start?: (jobId: string) => Promise<void>) {
  const schedules = memoryScheduleStore();
  const jobs = new Map<string, Job>();
  const told: string[] = [];
  const removed: string[] = [];
  const figures: (Figures | undefined)[] = [];
  let ids = 0;
  const at = { now: Date.parse('2026-11-24T02:00:01Z') };
  await schedules.create(sampleSchedule(over));
  const ports: FirePorts = {
    ...noEnvironments(),
    schedules,
    alarms: {
      set: async (s, from) => void told.push(`${s.expression} ${from}`),
      remove: async (n) => void removed.push(n),
    },
    secrets: { put: async () => '', get: async () => PAIR, remove: async (ref) => void removed.push(ref) },
    jobs: { get: async (id) => jobs.get(id) },
    start: async ({ jobId, mode, actor }) => {
      await start?.(jobId);
      const job = sampleJob({ job_id: jobId, mode: mode ?? 'full', state: 'running', actor });
      jobs.set(jobId, job);
      return job;
    },
    clock: () => new Date(at.now),
    log: { info: (_message, _fields, f) => void figures.push(f), warn: () => {}, error: () => {} },
    newId: () => `job-${++ids}`,
  };
  const runs = async () => (await schedules.get('nightly'))?.runs ?? [];
  const end = (id: string) => jobs.set(id, { ...(jobs.get(id) as Job), state: 'completed' });
  const counted = (name: 'Started' | 'Refused' | 'Skipped') =>
    figures.reduce((n, f) => n + Number(f?.[`ScheduledRuns${name}`] ?? 0), 0);
  return { ports, jobs, runs, end, told, removed, at, schedules, counted };
}

const FIRST = '2026-11-24T02:00:00.000Z';
const SECOND = '2026-11-25T02:00:00.000Z';
const THIRD = '2026-11-26T02:00:00.000Z';
const outcomes = (runs: readonly ScheduleRun[]) => runs.map((r) => [r.due, r.outcome, r.job_id]);

test('a run starts one job, as the schedule and not as a person, however often it is delivered', async () => {
  const w = await world();

  await Promise.all([1, 2, 3].map(() => fireSchedule('nightly', FIRST, w.ports)));
  await fireSchedule('nightly', FIRST, w.ports);

  expect([...w.jobs.values()].map((j) => [j.mode, j.actor])).toEqual([['incremental', 'schedule:nightly']]);
  expect(outcomes(await w.runs())).toEqual([[FIRST, 'started', expect.stringMatching(/^job-/)]]);
  expect([w.counted('Started'), w.counted('Refused'), w.counted('Skipped')]).toEqual([1, 0, 0]);
});

test('the next run starts when the job before has ended, and is left out while it works or is paused', async () => {
  const w = await world();
  await fireSchedule('nightly', FIRST, w.ports);
  const [first] = [...w.jobs.keys()];

  await fireSchedule('nightly', SECOND, w.ports);
  w.jobs.set(first ?? '', { ...(w.jobs.get(first ?? '') as Job), state: 'paused' });
  await fireSchedule('nightly', THIRD, w.ports);
  w.end(first ?? '');
  await tendSchedules(w.ports);
  await fireSchedule('nightly', '2026-11-27T02:00:00.000Z', w.ports);

  expect((await w.runs()).map((r) => [r.outcome, r.code])).toEqual([
    ['started', undefined],
    ['skipped', 'schedule_overlap'],
    ['skipped', 'schedule_overlap'],
    ['started', undefined],
  ]);
  expect(w.jobs.size).toBe(2);
  expect([w.counted('Started'), w.counted('Refused'), w.counted('Skipped')]).toEqual([2, 0, 2]);
});

test('with overlap queue one run waits and is started once, others are left out meanwhile', async () => {
  const w = await world({ overlap: 'queue' });
  await fireSchedule('nightly', FIRST, w.ports);
  const [first] = [...w.jobs.keys()];

  await fireSchedule('nightly', SECOND, w.ports);
  await fireSchedule('nightly', THIRD, w.ports);
  await tendSchedules(w.ports); // still at work
  const between = await w.runs();
  w.end(first ?? '');
  await Promise.all([tendSchedules(w.ports), tendSchedules(w.ports)]);

  expect(between.map((r) => [r.outcome, r.code])).toEqual([
    ['skipped', 'run_waits'],
    ['waiting', 'schedule_overlap'],
    ['started', undefined],
  ]);
  expect((await w.runs()).map((r) => [r.due, r.outcome])).toEqual([
    [THIRD, 'skipped'],
    [SECOND, 'started'],
    [FIRST, 'started'],
  ]);
  expect(w.jobs.size).toBe(2);
});

test.each([
  ['skip', 'skipped'],
  ['queue', 'waiting'],
] as const)('tables that another job holds are an overlap too: %s', async (overlap, outcome) => {
  let busy = true;
  const w = await world({ overlap }, async () => {
    if (busy) throw new SyncError('target_busy', 'Another job holds public.t.');
  });

  await fireSchedule('nightly', FIRST, w.ports);
  const held = await w.runs();
  busy = false;
  await tendSchedules(w.ports);

  expect(held).toMatchObject([{ outcome, code: 'target_busy' }]);
  expect(w.jobs.size).toBe(overlap === 'queue' ? 1 : 0);
});

test('a start that is refused is told with its code, and the next run tries again', async () => {
  let down = true;
  const w = await world({}, async () => {
    if (down) throw new SyncError('connection_unreachable', 'The source does not answer.');
  });

  await fireSchedule('nightly', FIRST, w.ports);
  down = false;
  await fireSchedule('nightly', SECOND, w.ports);

  expect((await w.runs()).map((r) => [r.outcome, r.code])).toEqual([
    ['started', undefined],
    ['refused', 'connection_unreachable'],
  ]);
  expect([w.counted('Started'), w.counted('Refused'), w.counted('Skipped')]).toEqual([1, 1, 0]);
});

test('a starter that dies before the job is there is replaced after two minutes; one that dies after it is not', async () => {
  const run = (job_id: string): ScheduleRun => ({ due: FIRST, at: FIRST, outcome: 'starting', job_id });
  const before = await world({ runs: [run('dead')] });
  const after = await world({ runs: [run('there')] });
  after.jobs.set('there', sampleJob({ job_id: 'there', state: 'running' }));

  for (const w of [before, after]) {
    await tendSchedules(w.ports);
    expect((await w.runs())[0]?.outcome).toBe('starting'); // its starter may still be at it
    w.at.now += 121_000;
    await tendSchedules(w.ports);
    await tendSchedules(w.ports);
  }

  expect(outcomes(await before.runs())).toEqual([[FIRST, 'started', 'job-1']]);
  expect(outcomes(await after.runs())).toEqual([[FIRST, 'started', 'there']]);
  expect([before.jobs.size, after.jobs.size]).toEqual([1, 1]);
});

test('a start whose answer is lost has started its job', async () => {
  const w = await world();
  const { start } = w.ports;
  const lost = {
    ...w.ports,
    start: async (request: Parameters<typeof start>[0]) => {
      await start(request);
      throw new SyncError('unavailable', 'no answer');
    },
  };

  await fireSchedule('nightly', FIRST, lost);

  expect(outcomes(await w.runs())).toEqual([[FIRST, 'started', 'job-1']]);
});

test('a clock that does not know the schedule is told within the minute; a deletion cut short is finished', async () => {
  const w = await world({ revision: 2, armed: 1 });
  const d = await world({ deleting: true });

  await tendSchedules(w.ports);
  await tendSchedules(w.ports);
  await tendSchedules(d.ports);

  expect(w.told).toEqual(['cron(0 2 * * ? *) 2026-11-25T02:00:00.000Z']);
  expect(d.removed).toEqual(['nightly', 'stack/schedule/nightly/1']);
  expect(await d.schedules.list()).toEqual([]);
});

test('each minute those are looked at that want it, and once an hour all, noted or not', async () => {
  const w = await world({ revision: 2, armed: 1 });
  const noted: Schedule[] = [];
  const ports = { ...w.ports, schedules: { ...w.schedules, listToTend: async () => noted } };

  w.at.now = Date.parse('2026-11-24T02:59:30Z');
  await tendSchedules(ports);
  expect(w.told).toEqual([]); // a version before this one has left no note
  w.at.now += 60_000;
  await tendSchedules(ports);
  expect(w.told).toHaveLength(1);

  const other = await world({ revision: 2, armed: 1 });
  other.at.now = Date.parse('2026-11-24T02:59:30Z');
  await tendSchedules({
    ...other.ports,
    schedules: { ...other.schedules, list: () => Promise.reject(new Error('all of them')) },
  });
  expect(other.told).toHaveLength(1);
});

test.each<[string, Partial<Schedule>, Job | undefined, string]>([
  ['a paused one', { paused: true }, undefined, 'ignore'],
  ['a deleted one', { deleting: true }, undefined, 'ignore'],
  ['a run that came before', { runs: [{ due: SECOND, at: SECOND, outcome: 'skipped' }] }, undefined, 'ignore'],
  [
    'one whose run is just starting',
    { runs: [{ due: '2026-11-23T02:00:00.000Z', at: FIRST, outcome: 'starting' }] },
    undefined,
    'skip',
  ],
  ['one whose job is stopping', {}, sampleJob({ state: 'stopping' }), 'skip'],
  ['one whose job has failed', {}, sampleJob({ state: 'failed' }), 'start'],
  ['one whose job was stopped', {}, sampleJob({ state: 'stopped' }), 'start'],
  ['one whose job is forgotten', {}, undefined, 'start'],
])('%s', (_, over, previous, expected) => {
  expect(decideFire(sampleSchedule(over), FIRST, previous)).toBe(expected);
});
