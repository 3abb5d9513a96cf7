import { ENDED_STATES } from '../model/job.ts';
import type { JobStore, StaleHolder } from '../ports.ts';

/**
 * A job item is written within the commands function's 29 s of its lease. A holder without a job item after ten times that
 * died in between and will never come back.
 */
const ORPHAN_SECONDS = 300;

/** A lease dies with its job, not with a clock: with one that has ended, or that never came to be. */
export function staleHolder(jobs: JobStore): StaleHolder {
  return async (holder, heldSeconds) => {
    const job = await jobs.get(holder);
    return job ? ENDED_STATES.includes(job.state) : heldSeconds > ORPHAN_SECONDS;
  };
}
