import { ERRORS } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { ExecutionState } from '../ports.ts';
import { statesAllowing } from './lifecycle.ts';
import type { RunPorts } from './run-ports.ts';
import { failJob } from './settle-job.ts';

export type SweepDecision = 'leave' | 'take_over' | 'give_up';

/** A start stores the job and then starts its execution; within this time the second may still be on its way. */
const START_GRACE_MS = 30_000;

/**
 * While its execution runs, a silent job may just be waiting in the queue behind others. Step Functions notices a lost
 * segment by itself within a little over two hours (infra/constructs/sync-table-machine.ts); only after that is it dead.
 */
const SILENT_MS = 3 * 3_600_000;

/** As often as this a job is restarted without anybody asking. */
const MAX_TAKEOVERS = 5;

/** What to do about one job that has not ended. Pure. */
export function decideSweep(job: Job, execution: ExecutionState, now: Date): SweepDecision {
  const silentMs = now.getTime() - new Date(job.heartbeat_at).getTime();
  const dead = execution === 'running' ? silentMs > SILENT_MS : job.state !== 'created' || silentMs > START_GRACE_MS;
  if (!dead || !statesAllowing('take_over').includes(job.state)) return 'leave';
  return job.takeovers >= MAX_TAKEOVERS ? 'give_up' : 'take_over';
}

async function takeOver(job: Job, ports: RunPorts): Promise<void> {
  const epoch = job.epoch + 1;
  const taken = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('take_over'), epoch: job.epoch },
    { state: 'created', epoch, takeovers: job.takeovers + 1, heartbeat_at: ports.clock().toISOString() },
  );
  if (!taken) return; // it ended, or somebody else was faster
  ports.log.warn('job taken over', { job_id: job.job_id, epoch, takeovers: taken.takeovers });
  await ports.workflow.start({ job_id: job.job_id, epoch });
}

/** Looks after every job that has not ended: restarts those whose run died, at the next epoch. */
export async function sweep(ports: RunPorts): Promise<void> {
  for (const job of await ports.jobs.listActive()) {
    const execution = await ports.workflow.state({ job_id: job.job_id, epoch: job.epoch });
    const decision = decideSweep(job, execution, ports.clock());
    if (decision === 'take_over') await takeOver(job, ports);
    if (decision === 'give_up')
      await failJob(
        job,
        { code: 'takeover_limit', message: ERRORS.takeover_limit.meaning, hint: ERRORS.takeover_limit.remedy },
        ports,
      );
  }
}
