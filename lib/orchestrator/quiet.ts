import { createHash } from 'node:crypto';
import { detectionStrategy } from '../change-detector/registry.ts';
import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import type { WholeReason } from '../model/look.ts';
import type { QuietKey, QuietMemory, TouchSignals } from '../model/quiet.ts';
import type { TablePlan } from '../model/table.ts';
import type { PlanningDatabase, PlanningTarget } from '../ports.ts';

/** Whether the strategy can pass over a table that nobody has touched. */
export const mayPassOver = (config: JobConfig): boolean =>
  detectionStrategy(config.detection_strategy).options.includes('max_quiet_runs');

/** Whether a job takes note of what servers count: it may leave it for later ones. A dry run and one that verifies nothing prove nothing. */
export const countsTouches = (config: JobConfig): boolean =>
  config.max_quiet_runs > 0 && mayPassOver(config) && !config.dry_run && config.verify !== 'none';

/** Everything that decides which rows are alike, and what becomes of those that are not. */
function pairOf(job: Pick<Job, 'config' | 'source'>, plan: TablePlan): string {
  const { config, source } = job;
  const { columns, key, keyless, only, compares, tolerances, filters } = plan;
  const { detection_strategy, delete_mode, conflict_strategy, conflict_rules, direction, triggers } = config;
  const what = {
    source: [source.system_identifier, source.database_oid, plan.source],
    rows: { columns, key, keyless, only, compares, tolerances, filters },
    rules: { detection_strategy, delete_mode, conflict_strategy, conflict_rules, direction, triggers },
  };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

/**
 * Why a table has to be compared; undefined: nothing that both servers count has happened since it compared equal. Pure.
 */
export function whyCompare(
  config: Pick<JobConfig, 'max_quiet_runs' | 'verify'>,
  before: QuietMemory | undefined,
  now: TouchSignals | undefined,
): WholeReason | undefined {
  if (!now) return 'not_counted';
  if (!before) return 'not_known_equal';
  const differs = (part: keyof TouchSignals['source']) =>
    (['source', 'target'] as const).filter((side) => before.signals[side][part] !== now[side][part]);
  if (differs('place').length > 0) return 'storage_changed';
  if (differs('counting').length > 0) return 'counting_began_anew';
  const [touched] = differs('touched');
  if (touched) return `${touched}_touched`;
  if (config.verify === 'all') return 'verify_all';
  return before.runs >= config.max_quiet_runs ? 'quiet_runs_used' : undefined;
}

/**
 * Notes in each plan what both servers count now, before the job looks at a row; in an incremental job, says which tables
 * need no look, and why the others do. `at`: the time now, ISO 8601 in UTC.
 */
export async function quietPlans(
  job: Pick<Job, 'mode' | 'config' | 'source'>,
  plans: readonly TablePlan[],
  { source, target, at }: { readonly source: PlanningDatabase; readonly target: PlanningTarget; readonly at: string },
): Promise<readonly TablePlan[]> {
  const keys = plans.map((plan): QuietKey => ({ table: plan.target, pair: pairOf(job, plan) }));
  const [here, there] = await Promise.all([
    source.touchSignals(plans.map((p) => p.source)),
    target.touchSignals(plans.map((p) => p.target)),
  ]);
  const known = await target.quietTables(keys);
  return plans.map((plan, i) => {
    const [s, t] = [here[i], there[i]];
    // a mapping reads other tables as well, whose writes are not asked for
    const signals = s && t && !plan.select ? { source: s, target: t } : undefined;
    const pair = keys[i]?.pair ?? '';
    const noted = signals ? { ...plan, touch: { pair, signals, at } } : plan;
    if (job.mode === 'full') return noted;
    const before = known[i];
    const whole = whyCompare(job.config, before, signals);
    if (whole || !before) return { ...noted, whole: whole ?? 'not_known_equal' };
    const { comparedAt, runs, rows, kept } = before;
    return { ...plan, untouched: { pair, comparedAt, runs: runs + 1, rows, kept } };
  });
}
