import type { TablePlan } from '../model/table.ts';
import type { PlanningDatabase } from '../ports.ts';

/**
 * Plans of a project with the rows it has, so that a few rows of a large table are one segment, and with the target as it
 * is before the job. Counts on both sides.
 */
export async function countedPlans(
  plans: readonly TablePlan[],
  { source, target }: { readonly source: PlanningDatabase; readonly target: PlanningDatabase },
): Promise<readonly TablePlan[]> {
  if (plans.every((p) => !p.scope)) return plans;
  const targetSnapshot = await target.snapshot();
  const counted: TablePlan[] = [];
  for (const plan of plans) {
    const { scope } = plan;
    if (!scope) counted.push(plan);
    else {
      const [s, t] = await Promise.all([source.scopeRows(scope.source), target.scopeRows(scope.target)]);
      counted.push({ ...plan, scope: { ...scope, targetSnapshot }, rowsEstimate: Math.max(1, s, t) });
    }
  }
  return counted;
}
