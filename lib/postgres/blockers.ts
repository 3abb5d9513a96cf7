import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { Session } from './session.ts';
import { relation } from './sql.ts';

/** Most processes that are named. */
const MOST = 5;

/**
 * After a lock was not to be had in time: processes that hold locks on the table which may be in the way, the strongest
 * first. Who holds a single row cannot be asked any more, so every writer with an open transaction on the table counts.
 */
async function holders(session: Session, plan: TablePlan): Promise<readonly string[]> {
  const rows = await session.query(
    `select l.pid::text from pg_locks l
     where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
       and l.database = (select d.oid from pg_database d where d.datname = current_database())
       and l.relation in (select $1::regclass union select relid from pg_partition_tree($1::regclass))
       and l.mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')
     group by l.pid
     order by max(array_position(array['RowShareLock', 'RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'], l.mode)) desc, l.pid
     limit ${MOST}`,
    [relation(plan.target)],
  );
  return rows.map((r) => r[0] ?? '');
}

/** The same error, with `blocked_by` where the lock of another session was in the way. Call it after the rollback. */
export async function withBlockers(session: Session, plan: TablePlan, error: unknown): Promise<unknown> {
  if (!(error instanceof SyncError) || error.code !== 'lock_timeout') return error;
  const pids = await holders(session, plan).catch(() => []); // the table itself may be locked against looking it up
  if (pids.length === 0) return error;
  const who = pids.length === 1 ? `process ${pids[0]} holds a lock` : `processes ${pids.join(', ')} hold locks`;
  return new SyncError('lock_timeout', `In the target, ${who} on ${relationText(plan.target)}.`, {
    cause: error,
    facts: { ...error.facts, blocked_by: pids },
  });
}
