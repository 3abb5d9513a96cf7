import { expect, test, vi } from 'vitest';
import { jsonLog } from '../../functions/aws/log.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { Job } from '../../lib/model/job.ts';
import { NO_COUNTS } from '../../lib/model/job.ts';
import type { Figures } from '../../lib/model/metrics.ts';
import type { Notification } from '../../lib/model/notification.ts';
import { notificationFigures } from '../../lib/notifications/figures.ts';
import { rowFigures, startMeter } from '../../lib/orchestrator/meter.ts';
import { noteHealing } from '../../lib/orchestrator/note-healing.ts';
import { type SweepPorts, sweep } from '../../lib/orchestrator/sweep.ts';
import { sweepFigures } from '../../lib/orchestrator/sweep-figures.ts';
import { memoryAuditLog, memoryJobStore } from '../contract/memory.ts';
import { sampleJob } from '../contract/samples.ts';
import { figuresOf } from '../support/figures.ts';
import { memoryLog } from '../support/memory-ports.ts';

const NOW = new Date('2026-11-23T12:00:00.000Z');

/** What a log writes, line by line. */
function lines(work: (log: ReturnType<typeof jsonLog>) => void) {
  const written: string[] = [];
  const keep = (text: unknown) => written.push(String(text)) > 0;
  const spies = [process.stdout, process.stderr].map((out) => vi.spyOn(out, 'write').mockImplementation(keep));
  const source = { service: 'terrafusion-sync', function: 'retention', version: '9', stack: 'Stack' };
  work(jsonLog(source, () => NOW));
  for (const spy of spies) spy.mockRestore();
  return written.map((line) => JSON.parse(line));
}

test('a line with figures is in the embedded metric format, whatever the other fields are called', () => {
  const [line] = lines((log) =>
    log.info('x', { job_id: 'j', _aws: 'no', stack: 'other', JobsErased: 'no' }, { JobsErased: 3, JobsNotErased: 0 }),
  );

  expect(line).toMatchObject({ message: 'x', job_id: 'j', stack: 'Stack', JobsErased: 3, JobsNotErased: 0 });
  expect(line._aws).toEqual({
    Timestamp: NOW.getTime(),
    CloudWatchMetrics: [
      {
        Namespace: 'TerraFusionSync',
        Dimensions: [['stack']],
        Metrics: [
          { Name: 'JobsErased', Unit: 'Count' },
          { Name: 'JobsNotErased', Unit: 'Count' },
        ],
      },
    ],
  });
  expect(figuresOf(line)).toEqual([
    { function: 'retention', at: NOW.getTime(), job_id: 'j', figures: { JobsErased: [3], JobsNotErased: [0] } },
  ]);
});

test('a line without figures is no metric, and what is no metric of ours is found by the tests', () => {
  const [plain, stranger] = lines((log) => {
    log.warn('x', { job_id: 'j' });
    log.info('y', {}, { RowsRead: 1 });
  });

  expect(plain).not.toHaveProperty('_aws');
  expect(figuresOf(plain)).toEqual([]);
  expect(() => figuresOf(stranger)).toThrow('RowsRead comes from retention');
});

test('a meter tells of what happened since it last did, and of nothing twice', () => {
  const told: Figures[] = [];
  let ms = 0;
  const from = { ...NO_COUNTS, read: 100, inserted: 100 };
  const meter = startMeter(from, { dryRun: false, nowMs: () => ms, tell: (f) => told.push(f) });

  meter.chunk(5, { ...from, read: 110, inserted: 108, conflicts: 2 });
  ms = 10_000;
  meter.chunk(7, { ...from, read: 120, inserted: 118, conflicts: 2, source_updated: 4 });
  meter.chunk(9, { ...from, read: 121, inserted: 119, conflicts: 1, quarantined: 1, source_updated: 4 });
  meter.end();
  meter.end();

  expect(told).toEqual([
    expect.objectContaining({
      RowsRead: 20,
      RowsInserted: 18,
      RowsInConflict: 2,
      RowsWrittenBack: 4,
      ChunkMilliseconds: [5, 7],
    }),
    expect.objectContaining({
      RowsRead: 1,
      RowsInserted: 1,
      RowsInConflict: -1,
      RowsPutAside: 1,
      RowsWrittenBack: 0,
      ChunkMilliseconds: [9],
    }),
  ]);
});

test('a meter tells of at most 100 chunks in a line, and a dry run of nothing written', () => {
  const told: Figures[] = [];
  const meter = startMeter(NO_COUNTS, { dryRun: true, nowMs: () => 0, tell: (f) => told.push(f) });
  for (let i = 1; i <= 101; i++) meter.chunk(1, { ...NO_COUNTS, read: i, inserted: i });
  meter.end();

  expect(told.map((f) => [f.ChunkMilliseconds].flat().length)).toEqual([100, 1]);
  expect(told.map(({ ChunkMilliseconds: _, ...f }) => f)).toEqual([{ RowsRead: 100 }, { RowsRead: 1 }]);
  expect(rowFigures(NO_COUNTS, { ...NO_COUNTS, read: 2, deleted: 1, kept: -1 }, false)).toMatchObject({
    RowsDeleted: 1,
    RowsKept: -1,
  });
});

test('a round of the sweeper tells of all jobs, 0 where there is none', () => {
  const job = (over: Partial<Job>): Job => ({ ...sampleJob(), heartbeat_at: '2026-11-23T11:59:30.000Z', ...over });
  const pause = { code: 'confirm_required', message: 'x', since: '2026-11-23T11:00:00.000Z' };
  const following = { round: 3, working: false, rows: 1, lag_bytes: 4096, as_of: '2026-11-23T11:50:00.000Z' };
  const swept = [
    { job: job({ state: 'running', heartbeat_at: '2026-11-23T11:30:00.000Z' }), decision: 'take_over' },
    {
      job: job({ state: 'verifying', following, config: { ...sampleJob().config, continuous: true } }),
      decision: 'leave',
    },
    { job: job({ state: 'paused', pause, heartbeat_at: '2026-11-20T00:00:00.000Z' }), decision: 'leave' },
    { job: job({ state: 'paused', pause: { ...pause, probe_at: '2026-11-23T12:01:00.000Z' } }), decision: 'failed' },
    {
      job: job({ state: 'completed_with_issues', open_conflicts: 5, audit_root: undefined as never }),
      decision: 'seal',
      needed: true,
    },
    {
      job: job({ state: 'completed', open_conflicts: 7, audit_root: { events: 1, hash: 'h', at: 'x' } }),
      decision: 'leave',
    },
  ].map((s) => ({ needed: false, ...s }));

  expect(sweepFigures(swept, NOW)).toEqual({
    Sweeps: 1,
    JobsNotSwept: 1,
    Takeovers: 1,
    JobsAtWork: 2,
    JobsWaiting: 1,
    JobsWaitingForPerson: 1,
    OldestHeartbeatSeconds: 1800,
    ConflictsOpen: 5,
    TrailsNotSealed: 1,
    ReplicationLagBytes: 4096,
    ReplicationLagSeconds: 600,
  });
  expect(Object.values(sweepFigures([], NOW)).reduce((a: number, b) => a + Number(b), 0)).toBe(1); // the round itself
});

test('each round of the sweeper tells its figures, with the jobs that it could not look after', async () => {
  const jobs = memoryJobStore();
  await jobs.create(sampleJob({ state: 'running', heartbeat_at: '2026-11-23T11:59:30.000Z' }));
  const told: (Figures | undefined)[] = [];
  const log = {
    ...memoryLog(),
    info: (_message: string, _fields?: object, figures?: Figures) => void told.push(figures),
  };
  const workflow = { state: () => Promise.reject(new SyncError('unavailable', 'away')) };
  await sweep({ jobs, log, workflow, clock: () => NOW } as unknown as SweepPorts); // all that is asked here

  expect(told).toEqual([
    expect.objectContaining({ Sweeps: 1, JobsAtWork: 1, JobsNotSwept: 1, OldestHeartbeatSeconds: 30 }),
  ]);
});

test('what a job overcame counts, whether or not its trail keeps it', async () => {
  const told: (Figures | undefined)[] = [];
  const log = {
    ...memoryLog(),
    info: (_message: string, _fields?: object, figures?: Figures) => void told.push(figures),
  };
  for (const audit_level of ['minimal', 'standard'] as const) {
    const job = sampleJob({ config: { ...sampleJob().config, audit_level } });
    await noteHealing(job, 'healing.probed', {}, { audit: memoryAuditLog(), clock: () => NOW, log });
  }

  expect(told).toEqual([{ HealingSteps: 1 }, { HealingSteps: 1 }]);
});

test('what is told of jobs counts by its state, and conflicts by their number', () => {
  const of = (type: string, data: object) => ({ type, data }) as unknown as Notification; // what counts
  const told = [
    of('job.ended', { state: 'failed' }),
    of('job.ended', { state: 'completed_with_issues' }),
    of('conflicts.new', { open: 12 }),
    of('job.paused', { code: 'disk_full' }),
    of('job.resumed', {}),
    of('changes.lag', { lag_bytes: 1, lag_seconds: 1 }),
  ];

  expect(notificationFigures(told)).toEqual({
    JobsCompleted: 0,
    JobsCompletedWithIssues: 1,
    JobsFailed: 1,
    JobsStopped: 0,
    JobsPaused: 1,
    JobsResumed: 1,
    ConflictsOpened: 12,
  });
});
