import type { Progress } from '../model/checkpoint.ts';
import type { Job } from '../model/job.ts';
import type { TablePlan } from '../model/table.ts';
import { forecast } from './forecast.ts';
import type { RunPorts } from './run-ports.ts';

/** A dry run tells what the same job would use that writes. It ends well without, where what it used itself is not known. */
export async function foresee(
  job: Job,
  plans: readonly TablePlan[],
  progress: readonly Progress[],
  ports: Pick<RunPorts, 'usage' | 'log'>,
): Promise<void> {
  try {
    const known = await ports.usage?.of(job.job_id);
    if (!known) return;
    await ports.usage?.estimate(job.job_id, forecast({ job, plans, progress, used: known.used }));
  } catch (error) {
    ports.log.warn('no estimate of a dry run', { job_id: job.job_id, error });
  }
}
