import { randomUUID } from 'node:crypto';
import { type Job, type JobTable, NO_COUNTS, type SegmentProgress } from '../../lib/model/job.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';

const side = {
  host: 'db.example',
  port: 5432,
  database: 'assessor',
  user: 'sync',
  system_identifier: '7318349394477056001',
  database_oid: '16384',
  version_num: 180_004,
};

export function sampleJob(over: Partial<Job> = {}): Job {
  return {
    job_id: randomUUID(),
    mode: 'full',
    state: 'created',
    epoch: 1,
    config: jobConfigSchema.parse({}),
    source: { ...side, host: 'source.example' },
    target: { ...side, host: 'target.example' },
    secret_ref: 'tf/job/1',
    actor: 'ada',
    guarantee: 'exactly_once_effect',
    created_at: '2026-11-23T10:00:00.000Z',
    heartbeat_at: '2026-11-23T10:00:00.000Z',
    takeovers: 0,
    ...over,
  };
}

export function sampleTable(jobId: string, over: Partial<JobTable> = {}): JobTable {
  return {
    job_id: jobId,
    table: 0,
    name: 'public.parcels',
    state: 'pending',
    level: 0,
    rows_estimate: 1000,
    segments: 2,
    ...over,
  };
}

export function sampleProgress(jobId: string, over: Partial<SegmentProgress> = {}): SegmentProgress {
  return {
    job_id: jobId,
    table: 0,
    pass: 'apply',
    segment: 0,
    epoch: 1,
    seq: 1,
    finished: false,
    counts: NO_COUNTS,
    updated_at: '2026-11-23T10:00:05.000Z',
    ...over,
  };
}
