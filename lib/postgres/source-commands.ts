import { SyncError } from '../model/errors.ts';
import type { CommandWriter } from '../ports.ts';
import { beginJob, dropJob } from './control.ts';
import { raiseEpoch } from './epoch.ts';
import { reopenJob } from './reopen.ts';
import { ensureControlSchema } from './schema-version.ts';
import type { Session } from './session.ts';

/** The session, whose transactions write. Whatever is asked of it outside of one stays read-only, as of every source. */
export const writing = (session: Session): Session => ({
  ...session,
  transaction: (work, settings = '', statementTimeoutMs) =>
    session.transaction(work, `set transaction read write; ${settings}`, statementTimeoutMs),
});

/** Messages about leases name the target, because one-way jobs lease no other table. */
function ofTheSource(error: unknown): never {
  if (!(error instanceof SyncError) || error.code !== 'target_busy') throw error;
  const { facts, message } = error;
  const named = message.replace('target table', 'source table');
  throw new SyncError('target_busy', `${named} This job writes to the source as well.`, {
    facts: { ...facts, side: 'source' },
  });
}

/** Raises the epoch of a job in a source that it writes to. */
export const raiseInSource = (session: Session, ...args: Parameters<CommandWriter['raiseEpoch']>): Promise<boolean> =>
  raiseEpoch(session, ...args).catch(ofTheSource);

/** Commands about a job, in a source that it writes to; `session` is one whose transactions write. */
export function sourceCommands(session: Session): CommandWriter {
  return {
    takeLease: (jobId, tables, stale) =>
      session
        .transaction(async () => {
          await ensureControlSchema(session, { starts: true });
          return beginJob(session, jobId, tables, stale);
        })
        .catch(ofTheSource),
    dropJob: (...args) => dropJob(session, ...args),
    raiseEpoch: (...args) => raiseInSource(session, ...args),
    reopen: (...args) => reopenJob(session, ...args).catch(ofTheSource),
  };
}

/** Closes the job in a source that it writes to: nothing is written there for it any more. Repeating it changes nothing. */
export async function endInSource(session: Session, jobId: string, epoch: number): Promise<void> {
  await session.transaction(async () => {
    const [row] = await session.query(
      'select j.ended, j.epoch::text from tf_sync.job j where j.job_id = $1 for update',
      [jobId],
    );
    if (!row || row[0] === 't') return;
    if (Number(row[1]) > epoch)
      throw new SyncError('epoch_superseded', 'A newer run of this job has taken over the source.');
    await session.query('update tf_sync.job set ended = true, epoch = $2 where job_id = $1', [
      jobId,
      String(epoch + 1), // a worker still at work finds itself superseded
    ]);
    await session.query('delete from tf_sync.lease where job_id = $1', [jobId]);
    await session.query('delete from tf_sync.written_back where job_id = $1', [jobId]);
  });
}
