import type { Conflict } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import { relationText } from '../model/table.ts';
import type { Resolution } from '../ports.ts';
import { fileBases, forgetBases } from './base-rows.ts';
import { closeResolved, lockConflict } from './conflicts.ts';
import type { Session } from './session.ts';
import { stageRow } from './stage.ts';
import { applyChanges } from './writer.ts';

/** A job writes into the table as it decides; two that decide at once would not see each other. */
async function requireNoJob(session: Session, { plan }: Resolution): Promise<void> {
  const [held] = await session.query(
    'select l.job_id::text from tf_sync.lease l where (l.table_schema, l.table_name) = ($1, $2)',
    [plan.target.schema, plan.target.name],
  );
  if (!held) return;
  throw new SyncError('target_busy', `Job ${held[0]} holds the target table ${relationText(plan.target)}.`, {
    facts: { job_id: held[0] ?? '' },
  });
}

/** A job that let the source win has dropped the base since: nothing may be filed under its number any more. */
async function baseIsLive(session: Session, { plan }: Resolution): Promise<boolean> {
  const id = plan.conflicts?.base?.id;
  const [row] = await session.query('select exists (select from tf_sync.pair_table g where g.base = $1)::text', [
    id === undefined ? null : String(id),
  ]);
  return row?.[0] === 'true';
}

/**
 * Applies a decision: row, base and record, all or nothing, inside the caller's transaction. `won` is false where the conflict
 * is not open any more; then nothing was written. Throws like `applyChanges`, and `target_busy`.
 */
export async function resolveConflict(
  session: Session,
  source: Session,
  resolution: Resolution,
): Promise<{ readonly won: boolean; readonly conflict: Conflict }> {
  const { plan, change, base, conflict_id } = resolution;
  const conflict = await lockConflict(session, conflict_id);
  if (!conflict) throw new SyncError('conflict_not_found', 'There is no such conflict in the target.');
  if (conflict.state !== 'open') return { won: false, conflict };
  await requireNoJob(session, resolution);
  if (change) {
    if (change.kind !== 'delete' && change.row.streamed) await stageRow(source, session, plan, change.row);
    await applyChanges(session, plan, [change]);
  }
  if (await baseIsLive(session, resolution)) {
    if (base) await fileBases(session, plan, [base]);
    else await forgetBases(session, plan, [conflict.key]);
  }
  return { won: true, conflict: await closeResolved(session, conflict, resolution) };
}
