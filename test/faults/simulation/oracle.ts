import type { TrailFault } from '../../../lib/audit/verify.ts';
import type { AuditEvent, AuditRecord } from '../../../lib/model/audit-event.ts';
import type { Job } from '../../../lib/model/job.ts';
import type { JobStore } from '../../../lib/ports.ts';
import { Broken } from '../tally.ts';
import type { World, Write } from './world.ts';

/** Looks at every write as it is committed. False: something is broken; `throwIfBroken` says what. */
export function watchWrites(world: World, jobs: JobStore, edits: boolean): (() => boolean) & { throwIfBroken(): void } {
  let seen = 0;
  let broken: Broken | undefined;
  const last = new Map<string, { seq: number; epoch: number }>();
  const known = new Map<string, Job>();
  const once = new Set<string>();

  function look(w: Write): Broken | undefined {
    const where = `${w.table} ${w.key} (${w.kind} by ${w.stream} chunk ${w.seq} of epoch ${w.epoch})`;
    const job = world.jobs.get(w.jobId);
    const wanted = known.get(w.jobId);
    if (!job || w.epoch < job.epoch) return new Broken('duplicated', `an older epoch wrote ${where}`);
    if (wanted?.state === 'stopped' && w.epoch < wanted.epoch)
      return new Broken('duplicated', `written after stopped: ${where}`);
    const holder = world.leases.get(`public.${w.table}`)?.jobId;
    if (holder !== w.jobId) return new Broken('duplicated', `written without the lease: ${where}`);
    if (w.before !== w.expected) return new Broken('lost', `a newer value was overwritten unseen: ${where}`);
    const stream = `${w.jobId} ${w.stream}`;
    const before = last.get(stream);
    if (before && (w.seq < before.seq || (w.seq === before.seq && w.epoch !== before.epoch)))
      return new Broken('duplicated', `chunk written again: ${where}`);
    last.set(stream, { seq: w.seq, epoch: w.epoch });
    if (edits) return undefined;
    const row = `${w.table} ${w.key}`;
    if (once.has(row)) return new Broken('duplicated', `written twice: ${where}`);
    once.add(row);
    return undefined;
  }

  const check = () => {
    void jobs.list({ limit: 100 }).then((all) => {
      for (const j of all.jobs) known.set(j.job_id, j);
    });
    for (; seen < world.writes.length && !broken; seen++) broken = look(world.writes[seen] as Write); // seen < length
    return broken === undefined;
  };
  return Object.assign(check, {
    throwIfBroken: () => {
      if (broken) throw broken;
    },
  });
}

/** The target is the source on every key that the source has; in a mirror it has nothing else. */
export function checkEqual(world: World, mirror: boolean): void {
  for (const [table, rows] of world.source) {
    const target = world.target.get(table);
    for (const [key, { value }] of rows)
      if (target?.get(key)?.value !== value)
        throw new Broken('lost', `${table} ${key} is ${target?.get(key)?.value}, the source has ${value}`);
    const extra = [...(target?.keys() ?? [])].filter((key) => !rows.has(key));
    if (mirror && extra.length > 0) throw new Broken('lost', `${table} keeps ${extra.join(', ')}`);
  }
}

const KINDS = [
  ['insert', 'inserted'],
  ['update', 'updated'],
  ['delete', 'deleted'],
] as const;

const sum = (world: World, jobId: string, name: string) =>
  [...(world.jobs.get(jobId)?.checkpoints.values() ?? [])].reduce((n, c) => n + (c.counts[name as 'read'] ?? 0), 0);

/** What a job counted is what it did, whatever died. With rows moving, rows applied again are not counted again. */
export function checkCounts(world: World, jobId: string, edits: boolean): void {
  const parts = ['inserted', 'updated', 'deleted', 'unchanged', 'kept', 'quarantined'].map((n) => sum(world, jobId, n));
  const total = parts.reduce((a, b) => a + b, 0);
  if (total !== sum(world, jobId, 'read'))
    throw new Broken('duplicated', `read ${sum(world, jobId, 'read')}, but ${parts.join('+')}`);
  const others = [...world.turns.values()].some((t) => t.turn > 1); // a checkpoint that began anew forgets what it counted
  if (edits || others) return;
  for (const [kind, name] of KINDS) {
    const written = world.writes.filter((w) => w.jobId === jobId && w.kind === kind).length;
    if (sum(world, jobId, name) !== written)
      throw new Broken('duplicated', `${name} says ${sum(world, jobId, name)}, ${written} were written`);
  }
}

/** The trail is a chain without gaps, and has each event once. */
export function checkTrail(faults: readonly TrailFault[], trail: readonly AuditRecord[]): void {
  if (faults.length > 0) throw new Broken('lost', `the audit trail is broken: ${JSON.stringify(faults)}`);
  if (new Set(trail.map((e) => e.id)).size < trail.length)
    throw new Broken('duplicated', 'the audit trail has an event twice');
}

/** Each stream of events is whole, and the job ended once. What is still in the outbox has not been lost. */
export function checkEvents(stored: readonly AuditEvent[], world: World, jobId: string): void {
  const all = [...stored, ...(world.jobs.get(jobId)?.outbox ?? [])];
  for (const [stream, events] of Map.groupBy(all, (e) => e.stream)) {
    const seqs = [...new Set(events.map((e) => e.seq))].sort((a, b) => a - b);
    if (seqs.some((s, i) => s !== i + 1)) throw new Broken('lost', `events of ${stream} have gaps: ${seqs.join(' ')}`);
  }
  for (const e of all) {
    if (e.type !== 'chunk.applied' && e.type !== 'segment.finished') continue;
    for (const [kind, name] of KINDS) {
      const rows = world.writes.filter(
        (w) => w.jobId === jobId && w.stream === e.stream && w.seq === e.seq && w.kind === kind,
      );
      if (rows.length !== e.data[name])
        throw new Broken(
          'lost',
          `chunk ${e.seq} of ${e.stream} says ${name} ${e.data[name]}, ${rows.length} were written`,
        );
    }
  }
  const ends = new Set(all.filter((e) => e.type === 'job.completed').map((e) => e.seq)).size;
  if (ends !== 1) throw new Broken('wrongEnds', `${ends} events say that the job completed`);
}
