import type { Conflict, ConflictImages, DecisionOutcome } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { DecidingDatabases } from '../ports.ts';
import { imagesOf } from './conflict-sight.ts';
import { type Decisions, decideConflicts } from './decide-conflicts.ts';
import { drainConflicts, drainOutbox, sealAgain } from './drain-outbox.ts';
import { lookAtOne, notFound } from './look-at-conflicts.ts';
import { type RunPorts, withBoth } from './run-ports.ts';
import type { DecisionRequest } from './weigh-decision.ts';

export type { Decided, Decisions } from './decide-conflicts.ts';
export type { DecisionRequest } from './weigh-decision.ts';

/** What deciding a conflict needs of the outside. */
export type ResolvePorts = Pick<RunPorts, 'jobs' | 'secrets' | 'log' | 'clock' | 'patience' | 'audit' | 'conflicts'> & {
  readonly databases: DecidingDatabases;
};

const STATEMENT_TIMEOUT_MS = 15_000;

/** Of many: a step that decides them ends within its 30 s, also where one statement waits for a lock. */
const BATCH_TIMEOUT_MS = 8_000;

/** The job whose connections lead to the conflict. Throws `conflict_not_found`, `resume_expired`. */
async function jobOf({ seen_by }: Pick<Conflict, 'seen_by'>, ports: ResolvePorts): Promise<Job> {
  const job = await ports.jobs.get(seen_by);
  if (!job) throw notFound();
  const gone = job.ended_at !== undefined && job.state.startsWith('completed') && !job.open_conflicts;
  if (job.secret_removed || gone)
    throw new SyncError(
      'resume_expired',
      'The connections of the job that saw the conflict last are not kept any more.',
    );
  return job;
}

/**
 * Applies a decision by compare-and-set, in one transaction of the target: locks the conflict there, requires both sides to be
 * as `expected`, writes the row that was decided (it passes the target's own constraints), moves the baseline to it and closes
 * the conflict with its record. So a conflict is decided once, whoever asks and how often; the same decision again answers
 * the same. The source is read just before; what changes there later is a change since this decision. One that is stale is
 * shown as it is now from then on, also in lists.
 *
 * Connects with the connections of the job `seen_by`. Throws `target_busy` while a job holds the table, `row_rejected` when the
 * target refuses the row (the conflict stays open), `decision_invalid`, `conflict_not_found`, `resume_expired`, and what
 * connecting throws.
 */
export async function applyDecision(request: DecisionRequest, ports: ResolvePorts): Promise<DecisionOutcome> {
  const job = await jobOf(request.conflict, ports);
  const nowMs = ports.clock().getTime();
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    let images: ConflictImages | undefined;
    const stale = (seen: ConflictImages) => {
      images = seen;
    };
    const sitting = { job, ends: { source, target }, nowMs, inTime: () => true, stale };
    const decisions = await decideConflicts([request], sitting);
    // a mirror: what it does not learn now it learns from the next job or decision
    await drainConflicts(target, ports.conflicts, job.job_id)
      .then(() => drainOutbox(target, ports.audit, job))
      .then(() => sealAgain(job.job_id, ports))
      .catch(() => ports.log.warn('decision not mirrored', { job_id: job.job_id }));
    const decided = decisions.get(request.conflict.conflict_id) ?? notFound();
    if (decided instanceof SyncError) throw decided;
    const { outcome, conflict } = decided;
    if (outcome !== 'stale') return { outcome, conflict };
    return {
      outcome,
      conflict,
      images: images ?? imagesOf(await lookAtOne(job, { source, target }, conflict.conflict_id)),
    };
  });
}

/**
 * Decides many, as `applyDecision` does each, over one pair of connections a job and in few transactions. An error of one
 * conflict is its decision; those that are missing in the answer were not met, because `inTime` said false. The store has
 * learnt of all that is answered. Throws what concerns more than one; what was decided before that stays decided.
 */
export async function applyDecisions(
  requests: readonly DecisionRequest[],
  ports: ResolvePorts,
  inTime: () => boolean,
): Promise<Decisions> {
  const decisions: Decisions = new Map();
  for (const all of Map.groupBy(requests, (r) => r.conflict.seen_by).values()) {
    const [first] = all;
    if (!first || !inTime()) break;
    const job = await jobOf(first.conflict, ports).catch((error: unknown) => {
      if (error instanceof SyncError && ['conflict_not_found', 'resume_expired'].includes(error.code)) return error;
      throw error;
    });
    if (job instanceof SyncError) {
      for (const { conflict } of all) decisions.set(conflict.conflict_id, job);
      continue;
    }
    const nowMs = ports.clock().getTime();
    await withBoth(job, ports, BATCH_TIMEOUT_MS, async (source, target) => {
      const tell = async () => {
        await drainConflicts(target, ports.conflicts, job.job_id);
        await drainOutbox(target, ports.audit, job);
      };
      const found = await decideConflicts(all, { job, ends: { source, target }, nowMs, inTime }).catch(
        async (error: unknown) => {
          await tell().catch(() => undefined); // what was decided before that, where it can be told
          throw error;
        },
      );
      await tell();
      for (const [id, outcome] of found) decisions.set(id, outcome);
    });
  }
  return decisions;
}

/**
 * Reads a conflict's row on both sides, now, and the image of the last decision where it is kept. Writes nothing. Throws
 * `conflict_not_found`, `resume_expired`, and what connecting throws.
 */
export async function conflictImages(
  conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>,
  ports: ResolvePorts,
): Promise<ConflictImages> {
  const job = await jobOf(conflict, ports);
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) =>
    imagesOf(await lookAtOne(job, { source, target }, conflict.conflict_id)),
  );
}
