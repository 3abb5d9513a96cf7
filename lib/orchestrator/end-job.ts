import { jobEvent, SERVICE } from '../audit/job-event.ts';
import type { AuditRoot } from '../model/audit-event.ts';
import { SyncError } from '../model/errors.ts';
import type { Counts, Failure, Job } from '../model/job.ts';
import { sealTrail } from './drain-outbox.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { type RunPorts, raiseEverywhere, withWritten } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 120_000;

/** How a job can end. */
export type Ending = { readonly root?: AuditRoot } & (
  | {
      readonly event: 'complete' | 'complete_with_issues';
      readonly counts: Counts;
      readonly openConflicts: number;
    }
  | { readonly event: 'fail'; readonly failure: Failure }
);

/** Says how a job has ended, and forgets its connections where nobody can resume it. */
export async function end(
  job: Job,
  ending: Ending,
  ports: Pick<RunPorts, 'jobs' | 'secrets' | 'clock'>,
): Promise<void> {
  const { event } = ending;
  const { counts, openConflicts } = ending.event === 'fail' ? { counts: undefined, openConflicts: 0 } : ending;
  const quarantined = counts?.quarantined ?? 0;
  const patch = {
    state: stateAfter(event),
    ended_at: ports.clock().toISOString(),
    pause: undefined,
    failure: undefined,
    ...(ending.root && { audit_root: ending.root }),
    // the epoch after this run's: the one the target was closed at
    ...(ending.event === 'fail' && { failure: ending.failure, epoch: job.epoch + 1 }),
    ...(counts && { counts }),
    ...(openConflicts > 0 && { open_conflicts: openConflicts }),
    ...(quarantined > 0 && { quarantined }),
  };
  const ended = await ports.jobs.transition(job.job_id, { from: statesAllowing(event), epoch: job.epoch }, patch);
  // one that failed may be resumed, conflicts that wait may be decided, rows put aside looked at; one that is being stopped has to reach the target
  if (ended && ending.event !== 'fail' && openConflicts + quarantined === 0) await ports.secrets.remove(job.secret_ref);
}

/**
 * Ends a job that cannot go on. The target is closed to its workers and its leases are freed where it can be reached;
 * DynamoDB learns the reason either way. Its checkpoints stay, so that it can be resumed.
 */
export async function failJob(job: Job, failure: Failure, ports: RunPorts): Promise<void> {
  let root: AuditRoot | undefined;
  try {
    root = await withWritten(job, ports, STATEMENT_TIMEOUT_MS, async (target, writer) => {
      const event = jobEvent('job.failed', SERVICE, { code: failure.code, message: failure.message });
      await raiseEverywhere(job, job.epoch + 1, { target, writer }, { event, release: true });
      return sealTrail(target, ports, job);
    });
  } catch (error) {
    if (error instanceof SyncError && error.code === 'epoch_superseded') return;
    ports.log.warn('the target did not learn that the job has failed', {
      job_id: job.job_id,
      code: error instanceof SyncError ? error.code : 'internal',
    });
  }
  await end(job, { event: 'fail', failure, ...(root && { root }) }, ports);
}
