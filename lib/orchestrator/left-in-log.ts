import type { Job, JobState } from '../model/job.ts';
import type { Database, JobStore } from '../ports.ts';

/**
 * Notes how much of the source's log a job that follows it leaves for the next one, now that it ends: what was written since it
 * had drained. A full job does not drain once more; its rows would wait for the next job all the same.
 */
export async function noteLeft(
  job: Job,
  source: Pick<Database, 'changes'>,
  { jobs, from }: { readonly jobs: Pick<JobStore, 'transition'>; readonly from: readonly JobState[] },
): Promise<void> {
  if (!job.changes) return;
  const left_bytes = await source.changes.lag(job.changes.through);
  await jobs.transition(job.job_id, { from, epoch: job.epoch }, { changes: { ...job.changes, left_bytes } });
}
