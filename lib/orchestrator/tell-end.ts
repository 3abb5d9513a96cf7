import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { PlanningSource, PlanningTarget } from '../ports.ts';
import { mayConflict } from './conflict-plan.ts';
import { drainConflicts, sealTrail } from './drain-outbox.ts';
import { end } from './end-job.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { repairMirror } from './repair-mirror.ts';
import type { PlanningPorts } from './run-ports.ts';
import { sumCounts } from './table-steps.ts';

/** Whether the target refused a new epoch because the job has come to its end there. */
export const isClosed = (error: unknown): boolean =>
  error instanceof SyncError && error.code === 'epoch_superseded' && error.facts.ended === true;

/**
 * Tells the end of a job that its target has closed: an earlier run had finished it, and died, or could not reach the store,
 * before it said so. A target closes a job for a good end alone. Repeating it changes nothing.
 */
export async function tellEnd(
  job: Job,
  { target, writer }: { readonly target: PlanningTarget; readonly writer: PlanningSource['writer'] },
  ports: PlanningPorts,
): Promise<void> {
  await writer?.endJob(job.job_id, job.epoch); // whoever died may have closed the target alone
  const progress = await target.loadProgress(job.job_id);
  await repairMirror(job, progress, ports);
  const waiting = mayConflict(job.config) ? [...(await target.countOpenConflicts(job.job_id)).values()] : [];
  const openConflicts = waiting.reduce((a, b) => a + b, 0);
  const unverified = job.config.verify === 'none' && !job.config.dry_run;
  const counts = sumCounts(progress);
  const issues = counts.quarantined > 0 || openConflicts > 0 || unverified;
  const root = await sealTrail(target, ports, job);
  if (mayConflict(job.config)) await drainConflicts(target, ports.conflicts, job.job_id);
  for (const event of ['run', 'verify'] as const)
    await ports.jobs.transition(
      job.job_id,
      { from: statesAllowing(event), epoch: job.epoch },
      { state: stateAfter(event) },
    );
  await end(job, { event: issues ? 'complete_with_issues' : 'complete', root, openConflicts, counts }, ports);
}
