import { type AuditEventType, keeps } from '../audit/catalogue.ts';
import { catchUp, drain, type Outbox } from '../audit/trail.ts';
import type { AuditRoot } from '../model/audit-event.ts';
import type { Job } from '../model/job.ts';
import type { AuditLog, Clock, ConflictStore, JobStore, TellingTarget } from '../ports.ts';

/** Events per round: five blocks of the trail. */
const ROUND = 500;

const outboxOf = (target: TellingTarget, jobId: string): Outbox => ({
  peek: () => target.peekOutbox(jobId, ROUND),
  trim: (events) => target.trimOutbox(jobId, events),
});

/**
 * The same log, each call of which is made once more where it fails: all of them may be repeated. A table that refuses now
 * and then would otherwise keep a drain of several calls from ever coming to its end.
 */
function persistent(audit: AuditLog): AuditLog {
  const twice =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A) =>
      call(...args).catch(() => call(...args));
  return {
    ...audit,
    head: twice(audit.head),
    moveHead: twice(audit.moveHead),
    add: twice(audit.add),
    blocks: twice(audit.blocks),
  };
}

/** Moves events from the target's outbox into the audit trail, each once; see lib/audit/trail.ts. */
export function drainOutbox(
  target: TellingTarget,
  audit: AuditLog,
  { job_id, config }: Pick<Job, 'job_id' | 'config'>,
): Promise<unknown> {
  const kept = ({ type }: { type: string }) => keeps(config.audit_level, type as AuditEventType); // only our own code writes there
  return drain(persistent(audit), job_id, outboxOf(target, job_id), kept);
}

/** Drains to the end, then seals the trail: from now on nobody can shorten it unseen. More may follow if the job goes on. */
export async function sealTrail(
  target: TellingTarget,
  { audit, clock }: { readonly audit: AuditLog; readonly clock: Clock },
  job: Pick<Job, 'job_id' | 'config'>,
): Promise<AuditRoot> {
  await drainOutbox(target, audit, job);
  const outbox = outboxOf(target, job.job_id);
  const { events, hash } = await catchUp(audit, job.job_id, await audit.head(job.job_id), outbox);
  const before = (await audit.roots(job.job_id)).filter((r) => r.events < events).at(-1);
  const root = { events, hash, at: clock().toISOString(), ...(before && { previous: placeOf(before) }) };
  await audit.seal(job.job_id, root);
  return root;
}

const placeOf = ({ events, hash }: AuditRoot) => ({ events, hash });

/**
 * Seals the trail of an ended job once more, where events came behind its root: decisions of its conflicts. Needs no target;
 * what still waits there is for the next one. As far as the head goes, which must not lag behind a root. Does nothing for a
 * job that runs, or that was never sealed.
 */
export async function sealAgain(
  jobId: string,
  { audit, jobs, clock }: { readonly audit: AuditLog; readonly jobs: JobStore; readonly clock: Clock },
): Promise<void> {
  const job = await jobs.get(jobId);
  if (!job?.audit_root) return;
  const { events, hash } = await audit.head(jobId);
  if (events <= job.audit_root.events) return;
  const root = { events, hash, at: clock().toISOString(), previous: placeOf(job.audit_root) };
  await audit.seal(jobId, root);
  await jobs.transition(jobId, { from: [job.state], epoch: job.epoch }, { audit_root: root });
}

/** Conflicts per round. */
const CONFLICTS = 100;

/** Moves conflicts from the target into the store, as they are now. Idempotent: a store takes no older version. */
export async function drainConflicts(
  target: TellingTarget,
  store: Pick<ConflictStore, 'put'> | undefined,
  jobId: string,
): Promise<void> {
  while (store) {
    const conflicts = await target.untoldConflicts(jobId, CONFLICTS);
    if (conflicts.length === 0) return;
    await store.put(conflicts);
    await target.toldConflicts(conflicts);
  }
}
