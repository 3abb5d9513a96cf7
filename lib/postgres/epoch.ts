import { SyncError } from '../model/errors.ts';
import type { EpochMove } from '../ports.ts';
import { appendJobEvent } from './control.ts';
import { requireLeases } from './lease.ts';
import { isOlder, migrate, SCHEMA_VERSION } from './schema-version.ts';
import type { Session } from './session.ts';
import { literal } from './sql.ts';

const superseded = (ended: boolean) =>
  new SyncError('epoch_superseded', 'A newer run of this job has taken over, or it has ended.', { facts: { ended } });

/** Key of the advisory lock that all chunks of a job share and a move of its epoch takes alone. */
const lockKey = (jobId: string) => `pg_catalog.hashtextextended('tf_sync epoch ' || ${literal(jobId)}, 0)`;

/**
 * What a chunk's transaction begins with. Row locks alone would do for safety, but not for speed: transactions that share
 * a row lock overtake one that waits for it alone, so a stop could wait behind ever new chunks. Advisory locks queue.
 */
export const shareEpoch = (jobId: string): string =>
  `select pg_catalog.pg_advisory_xact_lock_shared(${lockKey(jobId)})`;

/**
 * A chunk takes about half a second, one of the COPY pass-through about one. Whoever holds the lock longer is taken for
 * dead or stuck, and its session is ended: its chunk rolls back whole and is done again by the next run.
 */
const WAIT_MS = 1_200;

/** How often a session in the way is ended before the move gives up for now; the caller tries again later. */
const TRIES = 3;

/** Ends sessions of older runs of the job. Their names carry job and epoch; a role may end its own sessions. */
async function endOlderSessions(session: Session, jobId: string, epoch: number): Promise<void> {
  await session.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
       and application_name like 'terrafusion-sync/% ' || $1 || '/%'
       and substring(application_name from '/([0-9]+)$')::int < $2`,
    [jobId, String(epoch)],
  );
}

/** One try. False: the job is there already; undefined: the tables are to be migrated first. Throws `epoch_superseded`, `schema_newer`. */
async function move(
  session: Session,
  jobId: string,
  epoch: number,
  { event, release, holding, migrated = false }: EpochMove & { readonly migrated?: boolean },
): Promise<boolean | undefined> {
  return session.transaction(
    async () => {
      const [job] = await session.query(
        `select epoch::text, ended::text, ${SCHEMA_VERSION} from tf_sync.job j where j.job_id = $1 for update`,
        [jobId],
      );
      if (!job || job[1] === 'true') throw superseded(true);
      if (Number(job[0]) > epoch) throw superseded(false);
      if (isOlder(job[2]) && !migrated) return undefined;
      if (holding) await requireLeases(session, jobId);
      if (Number(job[0]) === epoch) return false; // a resume may have taken the leases again meanwhile
      if (release) await session.query('delete from tf_sync.lease where job_id = $1', [jobId]);
      await session.query('update tf_sync.job set epoch = $2 where job_id = $1', [jobId, String(epoch)]);
      await session.query('update tf_sync.checkpoint set epoch = $2, owner = null where job_id = $1 and epoch < $2', [
        jobId,
        String(epoch),
      ]);
      if (event) await appendJobEvent(session, jobId, event);
      return true;
    },
    `set local lock_timeout = ${WAIT_MS}; select pg_catalog.pg_advisory_xact_lock(${lockKey(jobId)})`,
  );
}

/**
 * Raises the job's epoch to `epoch`; afterwards no writer of an older one can commit. The event is recorded by the call
 * that moves it and by no repetition.
 *
 * Waits for chunks in flight, at most about 4 s; then sessions of older runs are ended. Throws `epoch_superseded` when a
 * newer epoch is there or the job has ended; fact `ended` says that nothing can be written for it at any epoch.
 */
export async function raiseEpoch(
  session: Session,
  jobId: string,
  epoch: number,
  how: EpochMove = {},
): Promise<boolean> {
  let migrated = false;
  for (let tries = 1; ; tries++) {
    try {
      const moved = await move(session, jobId, epoch, { ...how, migrated });
      if (moved !== undefined) return moved;
      await migrate(session);
      migrated = true;
    } catch (error) {
      const waiting = error instanceof SyncError && error.facts.sqlstate === '55P03';
      if (!waiting || tries === TRIES) throw error;
      await endOlderSessions(session, jobId, epoch);
    }
  }
}
