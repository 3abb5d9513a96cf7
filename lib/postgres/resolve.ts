import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { Resolution, Resolved } from '../ports.ts';
import { fileBases, forgetBases } from './base-rows.ts';
import { closeResolved, lockConflicts } from './conflicts.ts';
import type { Session } from './session.ts';
import { stageRow } from './stage.ts';
import { applyChanges } from './writer.ts';

/** A job writes into the table as it decides; two that decide at once would not see each other. */
async function requireNoJob(session: Session, { target }: TablePlan): Promise<void> {
  const [held] = await session.query(
    'select l.job_id::text from tf_sync.lease l where (l.table_schema, l.table_name) = ($1, $2)',
    [target.schema, target.name],
  );
  if (!held) return;
  throw new SyncError('target_busy', `Job ${held[0]} holds the target table ${relationText(target)}.`, {
    facts: { job_id: held[0] ?? '' },
  });
}

/** A job that let the source win has dropped the base since: nothing may be filed under its number any more. */
async function baseIsLive(session: Session, plan: TablePlan): Promise<boolean> {
  const id = plan.conflicts?.base?.id;
  const [row] = await session.query('select exists (select from tf_sync.pair_table g where g.base = $1)::text', [
    id === undefined ? null : String(id),
  ]);
  return row?.[0] === 'true';
}

/**
 * Applies decisions about rows of one table: rows, bases and records, all or nothing, inside the caller's transaction. Those
 * whose conflict is not open any more are left alone. A row that is streamed comes with no other that is written. Throws like
 * `applyChanges`, and `target_busy`.
 */
export async function resolveConflicts(
  session: Session,
  source: Session,
  resolutions: readonly [Resolution, ...Resolution[]],
): Promise<ReadonlyMap<string, Resolved>> {
  const { plan } = resolutions[0];
  const locked = await lockConflicts(
    session,
    resolutions.map((r) => r.conflict_id),
  );
  const open = resolutions.filter((r) => locked.get(r.conflict_id)?.state === 'open');
  const answers = new Map([...locked].map(([id, conflict]) => [id, { won: false, conflict }]));
  if (open.length === 0) return answers;
  await requireNoJob(session, plan);
  const changes = open.flatMap((r) => r.change ?? []);
  for (const change of changes)
    if (change.kind !== 'delete' && change.row.streamed) await stageRow(source, session, plan, change.row);
  await applyChanges(session, plan, changes);
  if (await baseIsLive(session, plan)) {
    await fileBases(
      session,
      plan,
      open.flatMap((r) => r.base ?? []),
    );
    await forgetBases(
      session,
      plan,
      open.filter((r) => !r.base).map((r) => locked.get(r.conflict_id)?.key ?? []),
    );
  }
  for (const [id, conflict] of await closeResolved(session, open)) answers.set(id, { won: true, conflict });
  return answers;
}
