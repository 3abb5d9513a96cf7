import type { Job, JobState } from './job.ts';

/**
 * What a job has to tell. Written into the job's own item by the very write that made it so, and kept there until it was
 * published: whoever dies in between, it is neither lost nor told of something that did not happen.
 */
export interface Notice {
  readonly what: 'ended' | 'paused' | 'resumed' | 'lagging';
  /** The job's epoch from then on; with `what` it names the notice within its job. */
  readonly epoch: number;
  /** ISO 8601 in UTC; empty where the write did not say: then the job's last sign of life stands for it. */
  readonly at: string;
  /** In which the job ended. */
  readonly state?: JobState;
  /** Why it failed, or waits: a code of docs/errors.md. */
  readonly code?: string;
  /** When the service looks by itself whether the job can go on. */
  readonly probe_at?: string;
  /** What of the source's log the job left. */
  readonly lag_bytes?: number;
  readonly lag_seconds?: number;
}

/** A notice as it is stored: `write` is unique to the write that added it. */
export interface StoredNotice extends Notice {
  readonly write: string;
}

/** What stays to be told of one job, oldest first. */
export interface Untold {
  readonly job: Job;
  readonly notices: readonly StoredNotice[];
  /** The epoch for which a lag was told already; of a job that goes on until it is stopped, the hour (since 1970). */
  readonly lag_told?: number;
}
