import type { Job } from '../model/job.ts';
import { MOST_RETRY_KEYS } from '../model/quarantine.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { PlanningTarget } from '../ports.ts';
import { queryOf } from './list-quarantine.ts';

/**
 * Plans of a retry: of each table the rows that the earlier job has put aside, or all where they are too many to be looked up
 * one by one; of a table without any, none. Other jobs' plans stay as they are.
 */
export async function onlyPutAside(
  { retry }: Job,
  plans: readonly TablePlan[],
  target: PlanningTarget,
): Promise<readonly TablePlan[]> {
  if (!retry) return plans;
  if (!target.listQuarantined) throw new TypeError('a retry cannot be planned here');
  const earlier = await target.loadPlans(retry.of);
  const query = queryOf(retry, earlier);
  const made: TablePlan[] = [];
  for (const plan of plans) {
    const name = relationText(plan.target);
    const table = earlier.find((p) => relationText(p.target) === name)?.table;
    const asked = table !== undefined && query && (query.table ?? table) === table;
    const rows = asked ? await target.listQuarantined(retry.of, { ...query, table, limit: MOST_RETRY_KEYS + 1 }) : [];
    const whole = rows.length > MOST_RETRY_KEYS || (plan.keyless && rows.length > 0);
    const { copy: _, ...looked } = plan; // rows are looked up by their keys
    made.push(whole ? plan : { ...looked, keys: rows.map((r) => r.key), rowsEstimate: Math.max(1, rows.length) });
  }
  return made;
}
