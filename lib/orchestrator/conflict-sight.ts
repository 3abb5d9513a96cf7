import type { RowImage } from '../model/change.ts';
import type { Conflict, ConflictImages } from '../model/conflict.ts';
import type { PlannedConflicts } from '../model/conflict-plan.ts';
import type { Job } from '../model/job.ts';
import type { BasePrints, RowPrint } from '../model/print.ts';
import type { TablePlan } from '../model/table.ts';

export type ThreeWayPlan = TablePlan & { readonly conflicts: PlannedConflicts };

/** All that is known of a conflict now. A side without a row has no image. */
export interface Sight {
  readonly job: Job;
  readonly conflict: Conflict;
  readonly plan: ThreeWayPlan;
  readonly source?: RowImage;
  readonly target?: RowImage;
  readonly base: BasePrints | undefined;
}

export const printOfRow = (row: RowImage | undefined): RowPrint | null =>
  row ? { row: row.fingerprint, fields: row.fields ?? [] } : null;

/** What both sides are now, as a conflict keeps it and a decision names it. */
export const sidesOf = ({ source, target }: Sight) => ({
  source: source?.fingerprint ?? null,
  target: target?.fingerprint ?? null,
});

/** Columns in which the two rows differ; none where a side has no row. */
export function changedIn({ plan, source, target }: Sight): readonly string[] {
  if (!source || !target) return [];
  return plan.columns.flatMap((c, i) => (source.fields?.[i] === target.fields?.[i] ? [] : [c.name]));
}

/** Both rows for somebody who decides. */
export function imagesOf(sight: Sight): ConflictImages {
  const { plan, conflict, source, target, base } = sight;
  const image = base?.image;
  const whole = image && plan.columns.every((c) => c.name in image);
  const shown = (row: RowImage) => ({ fingerprint: row.fingerprint, values: row.values });
  return {
    table: plan.target,
    key: conflict.key,
    columns: plan.columns.map((c) => ({ name: c.name, type: c.type.name, base: c.type.base })),
    ...(source && { source: shown(source) }),
    ...(target && { target: shown(target) }),
    ...(whole && { base: { values: plan.columns.map((c) => image[c.name] ?? null) } }),
    changed: changedIn(sight),
  };
}
