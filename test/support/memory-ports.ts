import type { AuditEvent } from '../../lib/model/audit-event.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { ENDED_STATES, type Job, type JobTable, type SegmentProgress } from '../../lib/model/job.ts';
import type { AuditLog, ConnectionPair, JobStore, Log, SecretStore } from '../../lib/ports.ts';

/** JobStore in maps, with the same conditions as DynamoDB's. */
export function memoryJobs(): JobStore {
  const jobs = new Map<string, Job>();
  const tables = new Map<string, JobTable>();
  const progress = new Map<string, SegmentProgress>();
  return {
    async create(job) {
      if (jobs.has(job.job_id)) throw new SyncError('state_conflict', 'there is a job of that id');
      jobs.set(job.job_id, job);
    },
    get: async (id) => jobs.get(id),
    list: async ({ limit }) => ({ jobs: [...jobs.values()].toReversed().slice(0, limit) }),
    listActive: async () => [...jobs.values()].filter((j) => !ENDED_STATES.includes(j.state)),
    async transition(id, { from, epoch }, patch) {
      const job = jobs.get(id);
      if (!job || job.epoch !== epoch || !from.includes(job.state)) return undefined;
      const next = { ...job, ...patch };
      jobs.set(id, next);
      return next;
    },
    async heartbeat(id, epoch, at) {
      const job = jobs.get(id);
      if (job?.epoch === epoch) jobs.set(id, { ...job, heartbeat_at: at });
    },
    async putTables(list) {
      for (const t of list) tables.set(`${t.job_id}/${t.table}`, t);
    },
    tables: async (id) => [...tables.values()].filter((t) => t.job_id === id).sort((a, b) => a.table - b.table),
    async putProgress(p) {
      const key = `${p.job_id}/${p.table}/${p.pass}/${p.segment}`;
      const old = progress.get(key);
      if (!old || old.epoch < p.epoch || (old.epoch === p.epoch && old.seq <= p.seq)) progress.set(key, p);
    },
    progress: async (id) => [...progress.values()].filter((p) => p.job_id === id),
  };
}

export function memoryAudit(): AuditLog & { readonly events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  return {
    events,
    async append(list) {
      for (const e of list) {
        const known = events.some((x) => x.job_id === e.job_id && x.stream === e.stream && x.seq === e.seq);
        if (!known) events.push(e);
      }
    },
    read: async (jobId) => events.filter((e) => e.job_id === jobId),
  };
}

export function memorySecrets(): SecretStore {
  const pairs = new Map<string, ConnectionPair>();
  return {
    async put(jobId, pair) {
      pairs.set(jobId, pair);
      return jobId;
    },
    async get(ref) {
      const pair = pairs.get(ref);
      if (!pair) throw new SyncError('unavailable', 'no such secret');
      return pair;
    },
    async remove(ref) {
      pairs.delete(ref);
    },
  };
}

/** Keeps lines for a test to look at. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (level: string) => (message: string, fields?: object) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  return { lines, info: add('info'), warn: add('warn'), error: add('error') };
}
