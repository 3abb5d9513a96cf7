import type { Progress } from '../model/checkpoint.ts';
import { SOURCE_COUNTS } from '../model/job.ts';
import type { QuietNote } from '../model/quiet.ts';
import type { TablePlan } from '../model/table.ts';
import { sumCounts } from './table-steps.ts';

/** Counts of a table into which nothing was written, and in which nothing waits. */
const STILL = ['inserted', 'updated', 'deleted', 'conflicts', 'quarantined', ...SOURCE_COUNTS] as const;

/** What the job leaves behind: tables that it compared whole and wrote nothing into, and those that it passed over. Pure. */
export function quietNotes(plans: readonly TablePlan[], progress: readonly Progress[]): readonly QuietNote[] {
  const own = Map.groupBy(progress, (p) => p.table);
  return plans.flatMap(({ table, target, touch, untouched }): QuietNote[] => {
    if (untouched) return [{ table: target, pair: untouched.pair }];
    if (!touch) return [];
    const passes = own.get(table) ?? [];
    const counts = sumCounts(passes);
    const moves = passes.some((p) => p.inFlight > 0 || p.unexplained > 0 || p.wrote);
    if (moves || STILL.some((name) => (counts[name] ?? 0) > 0)) return [];
    const { pair, signals, at } = touch;
    return [{ table: target, pair, found: { signals, comparedAt: at, rows: counts.read, kept: counts.kept } }];
  });
}
