import { randomUUID } from 'node:crypto';
import type { Approval } from '../../lib/model/approval.ts';
import type { Conflict } from '../../lib/model/conflict.ts';
import type { Environment, JobEnvironments } from '../../lib/model/environment.ts';
import type { KeptPair } from '../../lib/model/fleet.ts';
import { type Job, type JobTable, NO_COUNTS, type SegmentProgress } from '../../lib/model/job.ts';
import { NOTHING_RESOLVED, type Resolution } from '../../lib/model/resolution.ts';
import type { Schedule } from '../../lib/model/schedule.ts';
import type { StoredValidation, TableValidation } from '../../lib/model/schema-check.ts';
import type { MappingApproval, MappingVersion } from '../../lib/model/stored-mapping.ts';
import type { Suggestion } from '../../lib/model/suggestion.ts';
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

/** An open conflict; its id says which of many it is. */
export function sampleConflict(jobId: string, over: Partial<Conflict> = {}): Conflict {
  return {
    conflict_id: randomUUID().replaceAll('-', ''),
    version: 1,
    pair: 'p'.repeat(32),
    table: 'public.parcels',
    key: ['7'],
    type: 'update_differing',
    state: 'open',
    reason: 'Both sides changed owner.',
    prints: {
      source: 'a'.repeat(32),
      target: 'b'.repeat(32),
      base: { source: 'c'.repeat(32), target: 'c'.repeat(32) },
    },
    changed: ['owner'],
    preview: [{ column: 'owner', source: 'Ada', target: 'Grace' }],
    opened_by: jobId,
    seen_by: jobId,
    opened_at: '2026-11-23T10:00:00.000Z',
    seen_at: '2026-11-23T10:00:00.000Z',
    ...over,
  };
}

export function sampleSchedule(over: Partial<Schedule> = {}): Schedule {
  const { config, source, target } = sampleJob();
  return {
    name: 'nightly',
    expression: 'cron(0 2 * * ? *)',
    timezone: 'UTC',
    anchor: '2026-11-23T10:00:00.000Z',
    flexible_minutes: 0,
    mode: 'incremental',
    overlap: 'skip',
    paused: false,
    config,
    source,
    target,
    secret_ref: 'stack/schedule/nightly/1',
    actor: 'ada',
    created_at: '2026-11-23T10:00:00.000Z',
    updated_at: '2026-11-23T10:00:00.000Z',
    revision: 1,
    armed: 1,
    seq: 2,
    runs: [],
    ...over,
  };
}

export function sampleEnvironment(over: Partial<Environment> = {}): Environment {
  return {
    name: 'production',
    description: 'What the county works with.',
    colour: 'red',
    connection: { host: 'prod.example', port: 5432, database: 'county', user: 'sync' },
    identity: { system_identifier: '7', database_oid: '5', version_num: 180_004 },
    writable: false,
    protected: false,
    sends_to: ['*'],
    receives_from: ['*'],
    secret_ref: 'stack/environment/production/1',
    actor: 'ada',
    created_at: '2026-11-23T10:00:00.000Z',
    updated_at: '2026-11-23T10:00:00.000Z',
    connected_at: '2026-11-23T10:00:00.000Z',
    revision: 1,
    ...over,
  };
}

export function sampleApprovalRequest(over: Partial<Approval> = {}): Approval {
  const { config, source, target } = sampleJob();
  return {
    id: '0123456789abcdef0123456789abcdef',
    state: 'pending',
    digest: 'd'.repeat(64),
    work: { mode: 'full', config, source, target, protected: ['production'] },
    asked_by: { actor: 'eve', subject: 'id-eve' },
    asked_at: '2026-11-23T10:00:00.000Z',
    expires_at: '2026-11-24T10:00:00.000Z',
    revision: 1,
    ...over,
  };
}

export function sampleResolution(jobId: string, over: Partial<Resolution> = {}): Resolution {
  return {
    resolution_id: randomUUID(),
    job_id: jobId,
    filter: {},
    decision: { side: 'source' },
    actor: 'ada',
    expected_count: 3,
    state: 'listing',
    seq: 1,
    pages: 0,
    listed: 0,
    at: { page: 0, index: 0 },
    counts: NOTHING_RESOLVED,
    failures: [],
    created_at: '2026-11-23T10:00:00.000Z',
    updated_at: '2026-11-23T10:00:00.000Z',
    ...over,
  };
}

export function validationOf(jobId: string): Omit<TableValidation, 'fresh'> {
  return {
    job_id: jobId,
    table: 'public.parcels',
    checked_at: '2026-11-23T10:00:00.000Z',
    valid: true,
    findings: [
      {
        code: 'not_null_in_target',
        severity: 'warning',
        side: 'target',
        object: 'public.parcels.owner',
        message: 'The source may hold NULL here; the target refuses such rows.',
        remedy: 'Make the column NOT NULL in the source.',
        ddl: 'ALTER TABLE public.parcels ALTER COLUMN owner DROP NOT NULL;',
      },
    ],
    compared_with: '11111111-2222-4333-8444-555555555555',
    drift: [{ side: 'source', change: 'changed', kind: 'column', name: 'owner', before: 'text', after: 'citext' }],
  };
}

export const sampleValidation = (jobId: string, over: Partial<StoredValidation> = {}): StoredValidation => ({
  ...validationOf(jobId),
  table_no: 0,
  ...over,
});

/** A version of the stored mapping `county`. */
export const sampleMapping = (version: number, over: Partial<MappingVersion> = {}): MappingVersion => ({
  name: 'county',
  version,
  mapping: { 'cama.parcel': { from: 'public.parcels', columns: { pin: 'parcel_number' }, unnamed: 'omit' } },
  checks: [],
  origin: 'person',
  author: 'ada',
  created_at: `2026-11-23T10:00:0${version}.000Z`,
  hash: 'a'.repeat(64),
  ...over,
});

/** What somebody is told who has asked for a proposal. */
export const sampleSuggestion = (name: string): Suggestion => ({
  name,
  version: 1,
  state: 'draft',
  model: null,
  mapping: sampleMapping(1).mapping,
  tables: [],
  unmatched_tables: { source: [], target: [] },
  findings: [],
  proposer: 'rules',
  notes: [],
  preview: [],
});

export const sampleApproval = (version: number): MappingApproval => ({
  version,
  hash: 'a'.repeat(64),
  by: 'grace',
  at: '2026-11-23T11:00:00.000Z',
});

/** What jobs of such a pair are started over. */
export const PAIR_ENVIRONMENTS: JobEnvironments = {
  source: { names: ['production'], asked: true },
  target: { names: ['training'], asked: true },
};

export const samplePair = (name: string, over: Partial<KeptPair> = {}): KeptPair => ({
  name,
  description: '',
  groups: [],
  source_environment: 'production',
  target_environment: 'training',
  mode: 'full',
  config: jobConfigSchema.parse({}),
  actor: 'ada',
  created_at: '2026-11-23T10:00:00.000Z',
  updated_at: '2026-11-23T10:00:00.000Z',
  revision: 1,
  ...over,
});
