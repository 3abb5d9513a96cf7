import { createHash } from 'node:crypto';
import { detectionStrategy } from '../change-detector/registry.ts';
import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import { type Relation, relationText, type StampColumn, type TablePlan, type Window } from '../model/table.ts';
import type { PlanningDatabase, PlanningTarget, SourceClock } from '../ports.ts';
import { stampColumn } from '../validator/timestamp.ts';

/**
 * How much earlier than its transaction a stamp may read, in seconds. A rounded one: half a second. One without a zone may
 * be the local time of a session, which is up to 12 h behind UTC; a date was cut to its day besides.
 */
const LAG_SECONDS: Readonly<Record<StampColumn['type'], number>> = {
  timestamptz: 0,
  timestamp: 12 * 3600,
  date: 36 * 3600,
};

/** The lower end of a window: the watermark, less the overlap and what the column's type may hide. Pure. */
export function windowStart(horizon: string, stamp: StampColumn, overlapSeconds: number): string {
  const seconds = overlapSeconds + LAG_SECONDS[stamp.type] + (stamp.rounded ? 1 : 0);
  return seconds === 0 ? horizon : new Date(Date.parse(horizon) - seconds * 1000).toISOString(); // cuts microseconds: earlier
}

/**
 * What a watermark is true for: where both tables' rows are, and everything of the config that decides which rows are alike.
 * Whatever of it changes, the next job compares everything. Pure.
 */
export function pairOf(
  plan: TablePlan,
  stamp: StampColumn,
  places: { readonly server: string; readonly source: string; readonly target: string },
): string {
  const { source, select, columns, key, filters } = plan;
  const types = columns.map((c) => [c.name, c.type, c.source ?? null]);
  // with all that its lookups hold: a new entry changes rows that have no new stamp
  const what = { places, source, ...(select && { select }), stamp, key, filters, columns: types };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

/** Why an incremental job looks at all rows of a table. */
export type WholeReason =
  | 'no_memory'
  | 'no_watermark'
  | 'clock_went_back'
  | 'mapping_changed'
  | 'storage_changed'
  | 'resync_required'
  | 'too_many_changes';

/** A plan, and why it has no window where the job asked for one. */
export interface Windowed {
  readonly plan: TablePlan;
  readonly whole?: WholeReason;
}

/** Rows of a window are looked up one by one; piping all of a segment would be another job. */
function withWindow({ copy: _, ...plan }: TablePlan, window: Window): TablePlan {
  return { ...plan, window };
}

/**
 * What is true after this job: with an unknown horizon what was true before it, for no transaction that is open now began
 * before that.
 */
function withWatermark(plan: TablePlan, pair: string, horizon: string | undefined): TablePlan {
  return horizon === undefined ? plan : { ...plan, watermark: { pair, table: plan.target, horizon } };
}

/**
 * Gives each plan the window that the job is to look at, and the watermark that it may leave behind.
 *
 * `clock` was read before the job looked at anything.
 */
export async function windowedPlans(
  job: Pick<Job, 'mode' | 'config' | 'source'>,
  plans: readonly TablePlan[],
  relations: readonly Relation[],
  ends: { readonly source: PlanningDatabase; readonly target: PlanningTarget; readonly clock: SourceClock },
): Promise<readonly Windowed[]> {
  const { source, target, clock } = ends;
  const [here, there] = await Promise.all([
    source.storage(plans.map((p) => p.source)),
    target.storage(plans.map((p) => p.target)),
  ]);
  const server = `${job.source.system_identifier}/${job.source.database_oid}/${clock.timeline}`;
  const known = plans.map((plan, i) => {
    const stamp = stampOf(plan, relations, job.config);
    const places = { server, source: here[i] ?? '', target: there[i] ?? '' };
    return { plan, stamp, pair: pairOf(plan, stamp, places) };
  });
  const stored = await target.watermarks(known.map(({ plan, pair }) => ({ pair, table: plan.target })));
  const all: Windowed[] = [];
  for (const [i, { plan, stamp, pair }] of known.entries()) {
    const before = stored[i];
    const marked = withWatermark(plan, pair, clock.horizon);
    if (job.mode === 'full') all.push({ plan: marked });
    else if (before === undefined) all.push({ plan: marked, whole: 'no_watermark' });
    else if (before > clock.now) all.push({ plan: marked, whole: 'clock_went_back' });
    else {
      const after = windowStart(before, stamp, job.config.timestamp_overlap_seconds);
      const facts = await source.windowFacts(plan, { column: stamp.column, after });
      all.push({
        plan: withWindow(marked, { ...stamp, ...facts, after, through: clock.now, sweep: job.config.key_sweep }),
      });
    }
  }
  return all;
}

function stampOf(plan: TablePlan, relations: readonly Relation[], config: JobConfig): StampColumn {
  const relation = relations.find((r) => relationText(r) === relationText(plan.target));
  const stamp = relation && stampColumn(relation, config);
  if (!stamp || 'code' in stamp) throw new TypeError('preflight lets no table without an update column pass');
  return stamp;
}

/** Whether the job's strategy has a memory. */
export const remembers = (config: JobConfig) => detectionStrategy(config.detection_strategy).incremental !== undefined;
