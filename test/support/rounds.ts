import type { Job } from '../../lib/model/job.ts';
import type { JobPlan } from '../../lib/model/message.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { type Between, type Pair, type Ports, run, start } from './in-process.ts';

/** A job that follows the source's log until it is stopped. */
export const CONTINUOUS = { detection_strategy: 'cdc', continuous: true, tables: { include: ['public.*'] } };

/** What happens while the job waits, one after another; the last look but one that finds nothing stops it. */
export type Scene = (job: Job, look: JobPlan) => Promise<unknown>;

/**
 * One job over the scenes: each is played when the job waits for changes, and the job is stopped when there are no more.
 */
export async function play(
  pair: Pair,
  scenes: readonly Scene[],
  how: {
    readonly ports: Ports;
    readonly config?: Parameters<typeof start>[1];
    readonly between?: Between;
    /** A job that goes on, in place of a new one. */
    readonly job?: Job;
  },
): Promise<Job> {
  const { ports } = how;
  const left = [...scenes];
  const job = how.job ?? (await start(pair, { ...CONTINUOUS, ...how.config }, ports, 'incremental'));
  const waits = async (look: JobPlan) => {
    const scene = left.shift();
    const now = await ports.jobs.get(job.job_id);
    if (!now) throw new Error('the job is gone');
    await (scene ? scene(now, look) : stopJob({ jobId: job.job_id, actor: 'tester' }, ports));
  };
  return run(job, ports, { ...how.between, waits });
}
