import type { PassPlan } from '../model/message.ts';
import type { TargetDatabase } from '../ports.ts';
import { partition } from './paging.ts';
import { passOrder, tablesToDo } from './plan.ts';

/** What apply has left to do in a job that was planned. */
export async function applyPlan(
  jobId: string,
  target: Pick<TargetDatabase, 'loadPlans' | 'loadProgress'>,
): Promise<PassPlan> {
  const plans = await target.loadPlans(jobId);
  const progress = await target.loadProgress(jobId);
  return partition(passOrder(plans, 'apply'), tablesToDo(plans, 'apply', progress));
}
