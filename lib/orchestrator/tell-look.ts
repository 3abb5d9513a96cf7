import type { Job } from '../model/job.ts';
import type { Log } from '../ports.ts';
import type { Followed } from './change-stream.ts';

/** Tells how far a look at the source's log has come: for metrics, and for whoever reads the log of the service. */
export function tellLook({ job_id }: Pick<Job, 'job_id'>, { view, retainedBytes }: Followed, log: Log): void {
  const { slot, through, transactions, changes, lag_bytes, lag_seconds } = view;
  const figures = {
    ReplicationLagBytes: lag_bytes,
    ReplicationLagSeconds: lag_seconds,
    RetainedWalBytes: retainedBytes,
  };
  log.info('log drained', { job_id, slot, through, transactions, changes }, figures);
}
