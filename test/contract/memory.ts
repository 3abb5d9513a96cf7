import { isDeepStrictEqual } from 'node:util';
import { decodePlace, encodePlace } from '../../functions/aws/dynamo/conflict-cursor.ts';
import { decodeCursor, encodeCursor } from '../../functions/aws/dynamo/cursor.ts';
import { START } from '../../lib/audit/chain.ts';
import type { Approval } from '../../lib/model/approval.ts';
import type { AuditBlock, AuditRoot, FoundBlock, TrailHead } from '../../lib/model/audit-event.ts';
import type { Conflict, ConflictFilter } from '../../lib/model/conflict.ts';
import type { Connection } from '../../lib/model/connection.ts';
import type { Environment } from '../../lib/model/environment.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type Job, type JobTable, PASSES, type SegmentProgress } from '../../lib/model/job.ts';
import type { MappingApprovals } from '../../lib/model/mapping-state.ts';
import { type FrozenPage, hasEnded, type Resolution } from '../../lib/model/resolution.ts';
import { type Schedule, wantsCare } from '../../lib/model/schedule.ts';
import type { StoredValidation } from '../../lib/model/schema-check.ts';
import type { MappingVersion } from '../../lib/model/stored-mapping.ts';
import type {
  ApprovalStore,
  AuditLog,
  ConflictStore,
  EnvironmentSecrets,
  EnvironmentStore,
  JobStore,
  MappingStore,
  ResolutionStore,
  ScheduleStore,
} from '../../lib/ports.ts';

/** A JobStore in memory; it keeps the contract of test/contract/job-store.test.ts. */
export function memoryJobStore(): JobStore {
  const jobs = new Map<string, { born: Job; now: Job }>();
  const tables = new Map<string, JobTable>();
  const forgotten = new Set<string>();
  const segments = new Map<string, SegmentProgress>();
  const validations = new Map<string, StoredValidation>();
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
      if (job && job.now.epoch === epoch && Date.parse(at) - Date.parse(job.now.heartbeat_at) >= 60_000)
        job.now = { ...job.now, heartbeat_at: at };
    },
    async putTables(all) {
      for (const table of all) tables.set(`${table.job_id} ${table.table}`, table);
    },
    table: async (jobId, number) => tables.get(`${jobId} ${number}`),
    tables: async (jobId) => [...tables.values()].filter((t) => t.job_id === jobId).sort((a, b) => a.table - b.table),
    async putValidations(all) {
      for (const v of all) validations.set(`${v.job_id} ${v.table_no}`, v);
    },
    validation: async (jobId, number) => validations.get(`${jobId} ${number}`),
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
  const heads = new Map<string, TrailHead>();
  const trails = new Map<string, Map<number, AuditBlock>>();
  const roots = new Map<string, AuditRoot[]>();
  const found = ({ writer, outbox, records }: AuditBlock): FoundBlock => ({
    first: records[0].seq,
    events: records.length,
    hash: (records.at(-1) ?? records[0]).hash,
    writer,
    outbox,
    records,
  });
  return {
    head: async (jobId) => heads.get(jobId) ?? START,
    async moveHead(jobId, head) {
      if ((heads.get(jobId)?.events ?? -1) < head.events) heads.set(jobId, head);
    },
    async add(block) {
      const trail = trails.get(block.job_id) ?? new Map<number, AuditBlock>();
      trails.set(block.job_id, trail);
      const place = block.records[0].seq;
      if (!trail.has(place)) trail.set(place, structuredClone(block));
      return trail.get(place)?.writer === block.writer;
    },
    async blocks(jobId, after, limit = 10) {
      const behind = [...(trails.get(jobId)?.values() ?? [])]
        .map(found)
        .filter((b) => b.first > after)
        .sort((a, b) => a.first - b.first);
      return { blocks: behind.slice(0, limit), more: behind.length > limit };
    },
    async seal(jobId, root) {
      const all = roots.get(jobId) ?? [];
      if (!all.some((r) => r.events === root.events)) roots.set(jobId, [...all, root]);
    },
    roots: async (jobId) => roots.get(jobId) ?? [],
  };
}

/** A ConflictStore in memory; it keeps the contract of test/contract/conflict-store.test.ts. */
export function memoryConflictStore(): ConflictStore {
  const stored = new Map<string, Conflict>();
  const placeOf = (c: Conflict) => `${c.opened_at}#${c.conflict_id}`;
  const put = (conflict: Conflict) => {
    const old = stored.get(conflict.conflict_id);
    if (!old || old.version < conflict.version) stored.set(conflict.conflict_id, structuredClone(conflict));
  };
  const at = (instant: string) => instant.replace(/Z$/, '');
  const fits = (c: Conflict, filter: ConflictFilter) =>
    [c.opened_by, c.seen_by].includes(filter.job_id) &&
    (filter.table ?? c.table) === c.table &&
    (filter.type ?? c.type) === c.type &&
    (filter.state ?? c.state) === c.state &&
    (filter.opened_from === undefined || c.opened_at >= at(filter.opened_from)) &&
    (filter.opened_to === undefined || c.opened_at < at(filter.opened_to));
  const all = (filter: ConflictFilter) =>
    [...stored.values()].filter((c) => fits(c, filter)).sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  return {
    put: async (conflicts) => conflicts.forEach(put),
    get: async (id) => stored.get(id),
    getMany: async (ids) => new Map(ids.flatMap((id) => [stored.get(id) ?? []].flat().map((c) => [id, c] as const))),
    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? '' : decodePlace(cursor, filter);
      const rest = all(filter).filter((c) => placeOf(c) > after);
      const conflicts = rest.slice(0, limit);
      const last = conflicts.at(-1);
      return { conflicts, ...(last && rest.length > limit && { cursor: encodePlace(placeOf(last), filter) }) };
    },
    count: async (filter) => all(filter).length,
    async resolve(conflict) {
      put(conflict);
      return stored.get(conflict.conflict_id) ?? conflict;
    },
    newestOpen: async (job_id) => all({ job_id, state: 'open' }).at(-1)?.opened_at,
    needs: async (job_id) => all({ job_id, state: 'open' }).some((c) => c.seen_by === job_id),
  };
}

/** A ResolutionStore in memory; it keeps the contract of test/contract/resolution-store.test.ts. */
export function memoryResolutionStore(): ResolutionStore {
  const resolutions = new Map<string, Resolution>();
  const pages = new Map<string, FrozenPage>();
  return {
    async create(resolution) {
      if (!resolutions.has(resolution.resolution_id)) resolutions.set(resolution.resolution_id, resolution);
    },
    get: async (id) => resolutions.get(id),
    async advance(resolution) {
      const old = resolutions.get(resolution.resolution_id);
      if (old && isDeepStrictEqual(old, resolution)) return true;
      if (old?.seq !== resolution.seq - 1) return false;
      resolutions.set(resolution.resolution_id, resolution);
      return true;
    },
    async freeze(id, page, frozen) {
      const stored = pages.get(`${id} ${page}`) ?? frozen;
      pages.set(`${id} ${page}`, stored);
      return stored;
    },
    page: async (id, page) => pages.get(`${id} ${page}`)?.listed ?? [],
    unfinished: async () => [...resolutions.values()].filter((r) => !hasEnded(r)),
  };
}

/** A ScheduleStore in memory; it keeps the contract of test/contract/schedule-store.test.ts. */
export function memoryScheduleStore(): ScheduleStore {
  const schedules = new Map<string, Schedule>();
  return {
    get: async (name) => schedules.get(name),
    list: async () => [...schedules.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    listToTend: async () => [...schedules.values()].filter(wantsCare),
    async create(schedule) {
      const old = schedules.get(schedule.name);
      if (old) return isDeepStrictEqual(old, schedule);
      schedules.set(schedule.name, schedule);
      return true;
    },
    async advance(schedule) {
      const old = schedules.get(schedule.name);
      if (old && isDeepStrictEqual(old, schedule)) return true;
      if (old?.seq !== schedule.seq - 1) return false;
      schedules.set(schedule.name, schedule);
      return true;
    },
    remove: async (name) => void schedules.delete(name),
  };
}

/** A MappingStore in memory; it keeps the contract of test/contract/mapping-store.test.ts. */
export function memoryMappingStore(): MappingStore {
  const versions = new Map<string, { stored?: MappingVersion; at: string; sealed: boolean }[]>();
  const approvals = new Map<string, MappingApprovals>();
  const of = (name: string) => versions.get(name) ?? [];
  return {
    names: async () =>
      [...versions.keys()]
        .sort()
        .map((name) => ({ name, latest: of(name).length, updated_at: of(name).at(-1)?.at ?? '' })),
    latest: async (name) => of(name).length,
    get: async (name, version) => of(name)[version - 1]?.stored,
    async put(version) {
      const list = of(version.name);
      const there = list[version.version - 1];
      if (there) return isDeepStrictEqual(there.stored, version);
      list[version.version - 1] = { stored: version, at: version.created_at, sealed: false };
      versions.set(version.name, list);
      return true;
    },
    async seal(name, version) {
      const item = of(name)[version - 1];
      if (!item?.stored) return false;
      item.sealed = true;
      return true;
    },
    async discard(name, version) {
      const item = of(name)[version - 1];
      if (!item?.stored || item.sealed) return false;
      delete item.stored;
      return true;
    },
    approvals: async (name) => approvals.get(name) ?? { rev: 0, approvals: [] },
    async approve(name, next) {
      const stored = approvals.get(name);
      if (stored && isDeepStrictEqual(stored, next)) return true;
      if ((stored?.rev ?? 0) !== next.rev - 1) return false;
      approvals.set(name, next);
      return true;
    },
  };
}

/** Items that know the revision before them, in memory; they keep the contract of test/contract/environment-store.test.ts. */
export function memoryItems<T extends { readonly revision: number }>() {
  const items = new Map<string, T>();
  return {
    get: async (name: string) => items.get(name),
    list: async () => [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item),
    async put(name: string, item: T) {
      const old = items.get(name);
      if (old && isDeepStrictEqual(old, item)) return true;
      if ((old?.revision ?? 0) !== item.revision - 1) return false;
      items.set(name, item);
      return true;
    },
    async remove(name: string, revision: number) {
      const old = items.get(name);
      if (old && old.revision !== revision) return false;
      items.delete(name);
      return true;
    },
  };
}

export function memoryEnvironmentStore(): EnvironmentStore {
  const items = memoryItems<Environment>();
  return { ...items, put: (environment) => items.put(environment.name, environment) };
}

export function memoryApprovalStore(): ApprovalStore {
  const items = memoryItems<Approval>();
  return { ...items, put: (approval) => items.put(approval.id, approval) };
}

/** Secrets of environments; `kept` are those that are there. */
export function memoryEnvironmentSecrets(): EnvironmentSecrets & { readonly kept: ReadonlyMap<string, Connection> } {
  const kept = new Map<string, Connection>();
  return {
    kept,
    async put(key, connection) {
      const ref = `environment/${key}`;
      kept.set(ref, connection);
      return ref;
    },
    async get(ref) {
      const found = kept.get(ref);
      if (!found) throw new SyncError('secret_missing', 'gone');
      return found;
    },
    remove: async (ref) => void kept.delete(ref),
  };
}
