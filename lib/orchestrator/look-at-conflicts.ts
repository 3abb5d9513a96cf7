import { keyId } from '../model/change.ts';
import type { Conflict } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { CHUNK_BYTES } from '../model/limits.ts';
import { relationText } from '../model/table.ts';
import type { DecidingTarget, RowsDatabase } from '../ports.ts';
import type { Sight, ThreeWayPlan } from './conflict-sight.ts';
import { ANYWHERE } from './settle-conflicts.ts';

export interface Ends {
  readonly source: RowsDatabase;
  readonly target: DecidingTarget;
}

export const notFound = () => new SyncError('conflict_not_found', 'There is no such conflict in the target.');

const TOO_LARGE = 'The row is larger than any that is written one by one.';
const NOT_COMPUTED = 'A value of the source row cannot be computed as the mapping says.';

/** The plan that a conflict's table had in the job that saw it last. */
export async function planFor(conflict: Conflict, target: DecidingTarget): Promise<ThreeWayPlan | undefined> {
  const plans = await target.loadPlans(conflict.seen_by);
  const plan = plans.find((p) => relationText(p.target) === conflict.table);
  return plan?.conflicts && { ...plan, conflicts: plan.conflicts };
}

/**
 * Both rows and the base of conflicts of one table, in their order: as many from the first on as two sides' worth of
 * CHUNK_BYTES holds, one at least. Of a row that is too large, an error.
 */
export async function look(
  { job, ends: { source, target } }: { readonly job: Job; readonly ends: Ends },
  plan: ThreeWayPlan,
  conflicts: readonly Conflict[],
): Promise<readonly (Sight | SyncError)[]> {
  const all = conflicts.map((c) => c.key);
  const { scope: _, ...everywhere } = plan; // a row that has left the project is there: nobody may delete it unknowingly
  const [s, t] = await Promise.all([
    source.reader(everywhere, ANYWHERE).rows(all, CHUNK_BYTES),
    target.reader(everywhere, ANYWHERE).rows(all, CHUNK_BYTES),
  ]);
  const keys = all.slice(0, Math.min(s.covered, t.covered));
  if (keys.length === 0) throw new TypeError('a reader looked at no key'); // a row that was not read is not one that is not there
  const bases = await target.bases(plan, keys);
  const tooLarge = new Set([...s.tooLarge, ...t.tooLarge].map(keyId));
  const notComputed = new Set(s.failed.map((f) => keyId(f.key)));
  const [own, other] = [s, t].map(({ rows }) => new Map(rows.map((r) => [keyId(r.key), r])));
  return keys.map((key, i): Sight | SyncError => {
    const id = keyId(key);
    if (tooLarge.has(id)) return new SyncError('row_rejected', TOO_LARGE);
    if (notComputed.has(id)) return new SyncError('row_rejected', NOT_COMPUTED);
    const [inSource, inTarget] = [own?.get(id), other?.get(id)];
    return {
      job,
      conflict: conflicts[i] as Conflict, // one for each key
      plan,
      ...(inSource && { source: inSource }),
      ...(inTarget && { target: inTarget }),
      base: bases[i],
    };
  });
}

/** One conflict with both rows, now. Throws `conflict_not_found`, `row_rejected`. */
export async function lookAtOne(job: Job, ends: Ends, conflictId: string): Promise<Sight> {
  const conflict = (await ends.target.conflictsOf([conflictId])).get(conflictId);
  const plan = conflict && (await planFor(conflict, ends.target));
  if (!conflict || !plan) throw notFound();
  const [sight] = await look({ job, ends }, plan, [conflict]);
  if (!sight || sight instanceof SyncError) throw sight ?? notFound();
  return sight;
}
