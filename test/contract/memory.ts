import { isDeepStrictEqual } from 'node:util';
import { decodeCursor, encodeCursor } from '../../functions/aws/dynamo/cursor.ts';
import type { AuditEvent } from '../../lib/model/audit-event.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type Job, type JobTable, PASSES, type SegmentProgress } from '../../lib/model/job.ts';
import type { AuditLog, JobStore } from '../../lib/ports.ts';

/** A JobStore in memory; it keeps the contract of test/contract/job-store.test.ts. */
export function memoryJobStore(): JobStore {
  const jobs = new Map<string, { born: Job; now: Job }>();
  const tables = new Map<string, JobTable>();
  const forgotten = new Set<string>();
  const segments = new Map<string, SegmentProgress>();
  const started = (job: Job) => `${job.created_at}#${job.job_id}`;
  const newestFirst = () => [...jobs.values()].map(({ now }) => now).sort((a, b) => (started(a) < started(b) ? 1 : -1));

  return {
    async create(job) {
      const old = jobs.get(job.job_id);
      if (old && !isDeepStrictEqual(old.born, job)) throw new SyncError('state_conflict', 'another job has this id');
      if (!old) jobs.set(job.job_id, { born: job, now: job });
    },
    get: async (jobId) => jobs.get(jobId)?.now,
    async list({ limit, state, cursor }) {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const fitting = newestFirst().filter(
        (job) => (state === undefined || job.state === state) && (after === undefined || started(job) < after),
      );
      const page = fitting.slice(0, limit);
      const last = page.at(-1);
      return { jobs: page, ...(last && fitting.length > limit && { cursor: encodeCursor(started(last)) }) };
    },
    listToSweep: async () => newestFirst().filter((job) => !forgotten.has(job.job_id)),
    async forget(jobId, epoch) {
      if (jobs.get(jobId)?.now.epoch === epoch) forgotten.add(jobId);
    },
    async transition(jobId, expected, patch) {
      const job = jobs.get(jobId);
      if (!job || !expected.from.includes(job.now.state) || job.now.epoch !== expected.epoch) return undefined;
      const merged = Object.entries({ ...job.now, ...patch }).filter(([, value]) => value !== undefined);
      job.now = Object.fromEntries(merged) as unknown as Job; // without the fields that the patch removes
      return job.now;
    },
    async heartbeat(jobId, epoch, at) {
      const job = jobs.get(jobId);
      if (job && job.now.epoch === epoch && job.now.heartbeat_at < at) job.now = { ...job.now, heartbeat_at: at };
    },
    async putTables(all) {
      for (const table of all) tables.set(`${table.job_id} ${table.table}`, table);
    },
    table: async (jobId, number) => tables.get(`${jobId} ${number}`),
    tables: async (jobId) => [...tables.values()].filter((t) => t.job_id === jobId).sort((a, b) => a.table - b.table),
    async putProgress(p) {
      const key = `${p.job_id} ${p.table} ${p.pass} ${p.segment}`;
      const old = segments.get(key);
      if (!old || old.epoch < p.epoch || (old.epoch === p.epoch && old.seq <= p.seq)) segments.set(key, p);
    },
    progress: async (jobId) =>
      [...segments.values()]
        .filter((p) => p.job_id === jobId)
        .sort((a, b) => a.table - b.table || PASSES.indexOf(a.pass) - PASSES.indexOf(b.pass) || a.segment - b.segment),
  };
}

/** An AuditLog in memory; it keeps the contract of test/contract/audit-log.test.ts. */
export function memoryAuditLog(): AuditLog {
  const events = new Map<string, AuditEvent>();
  return {
    async append(all) {
      for (const event of all) {
        const key = `${event.job_id} ${event.stream} ${event.seq}`;
        if (!events.has(key)) events.set(key, event);
      }
    },
    latest: async (jobId, streams, limit) =>
      [...events.values()]
        .filter((e) => e.job_id === jobId && e.stream.startsWith(streams))
        .sort((a, b) => (a.stream === b.stream ? b.seq - a.seq : a.stream < b.stream ? 1 : -1))
        .slice(0, limit),
    read: async (jobId) =>
      [...events.values()]
        .filter((e) => e.job_id === jobId)
        .sort((a, b) => (a.stream === b.stream ? a.seq - b.seq : a.stream < b.stream ? -1 : 1)),
  };
}
