import { fp } from '../failpoint.ts';
import type { FollowingView } from '../model/following.ts';
import type { Job } from '../model/job.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import type { RunPorts } from './run-ports.ts';

/**
 * A job that follows the log until it is stopped goes on in an execution of its own, at the next epoch: no worker of the run
 * before can commit once that begins. Does nothing where the job was moved meanwhile, and if nobody starts the execution, the
 * sweeper takes the job over.
 */
export async function nextRun(
  job: Job,
  { following }: { readonly following?: FollowingView },
  ports: Pick<RunPorts, 'jobs' | 'workflow' | 'clock'>,
): Promise<void> {
  const moved = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('next_run'), epoch: job.epoch },
    {
      state: stateAfter('next_run'),
      epoch: job.epoch + 1,
      heartbeat_at: ports.clock().toISOString(),
      takeovers: 0,
      moved_by: undefined,
      confirmed_deletes: undefined,
      ...(following && { following }),
    },
  );
  if (!moved) return;
  await fp('round.handed');
  await ports.workflow.start({ job_id: job.job_id, epoch: moved.epoch }).catch(() => undefined); // the sweeper starts it
}
