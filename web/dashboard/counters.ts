import type { JobSummary } from '../../lib/model/answers.ts';
import { JOB_STATES, type JobState } from '../../lib/model/job.ts';

const DAY_MS = 86_400_000;

export interface Counters {
  readonly jobs: number;
  readonly byState: readonly (readonly [JobState, number])[];
  readonly failedToday: number;
}

/** How many of these jobs are in each state that one of them is in, and how many failed within a day. */
export function countersOf(jobs: readonly JobSummary[], nowMs: number): Counters {
  const count = (state: JobState) => jobs.filter((job) => job.state === state).length;
  const byState = JOB_STATES.map((state) => [state, count(state)] as const).filter(([, n]) => n > 0);
  const failed = jobs.filter(
    ({ state, ended_at, created_at }) => state === 'failed' && nowMs - Date.parse(ended_at ?? created_at) < DAY_MS,
  );
  return { jobs: jobs.length, byState, failedToday: failed.length };
}
