import { SyncError } from '../model/errors.ts';
import type { RelationName } from '../model/table.ts';
import type { Reopening } from '../ports.ts';
import { leasedSince, leaseTables } from './lease.ts';
import { ensureControlSchema } from './schema-version.ts';
import type { Session } from './session.ts';

/**
 * Checkpoints that begin anew: what they counted is found again. Buckets written stay noted, so they are verified; seq
 * stays, because events are numbered by it.
 */
const AFRESH = `cursor = '{"through": -1, "credit": 0}', counts = '{}', extra = '{}', to_delete = 0, unexplained = 0, in_flight = 0, finished = false`;

/** Intents of streams that begin anew: what of them the source has is settled without counting, the rest is found again. */
async function uncount(session: Session, jobId: string, which: string, values: readonly unknown[]): Promise<void> {
  await session.query(
    `update tf_sync.intent i set counted = false from tf_sync.checkpoint c
     where i.job_id = $1 and i.counted and (c.job_id, c.stream) = (i.job_id, i.stream) and ${which}`,
    [jobId, ...values],
  );
}

/** Whole tables are looked at from the beginning. What was put aside is put aside again where it is refused again. */
async function beginAnew(session: Session, jobId: string, tableNos: readonly string[]): Promise<void> {
  await session.query(
    `update tf_sync.checkpoint c set ${AFRESH} where c.job_id = $1 and c.table_no::text = any($2::text[])`,
    [jobId, tableNos],
  );
  await uncount(session, jobId, 'c.table_no::text = any($2::text[])', [tableNos]);
  await session.query('delete from tf_sync.quarantine q where q.job_id = $1 and q.table_no::text = any($2::text[])', [
    jobId,
    tableNos,
  ]);
}

/** Numbers of the job's tables among the given ones. */
async function numbersOf(session: Session, jobId: string, tables: readonly RelationName[]): Promise<readonly string[]> {
  const rows = await session.query(
    `select p.table_no::text from tf_sync.table_plan p
     where p.job_id = $1 and (p.plan -> 'target' ->> 'schema', p.plan -> 'target' ->> 'name') in (select s, n from unnest($2::text[], $3::text[]) u(s, n))`,
    [jobId, tables.map((t) => t.schema), tables.map((t) => t.name)],
  );
  return rows.map(([no]) => no ?? '');
}

/** Tables that have rows put aside. A job that has failed looks at all of them again: whatever refused them may be mended. */
async function withQuarantine(session: Session, jobId: string): Promise<readonly string[]> {
  const rows = await session.query('select distinct q.table_no::text from tf_sync.quarantine q where q.job_id = $1', [
    jobId,
  ]);
  return rows.map(([no]) => no ?? '');
}

/**
 * Tables that the final comparison held against the job and that have rows put aside. Quarantine does not know segments, so
 * beginning anew with some of them would lose count of these rows, and the job could end as if there were none.
 */
async function mismatchedWithQuarantine(session: Session, jobId: string): Promise<readonly string[]> {
  const rows = await session.query(
    `select distinct v.table_no::text from tf_sync.checkpoint v
     where v.job_id = $1 and v.pass = 'verify' and v.unexplained > 0
       and exists (select from tf_sync.quarantine q where q.job_id = v.job_id and q.table_no = v.table_no)`,
    [jobId],
  );
  return rows.map(([no]) => no ?? '');
}

const MISMATCHED = `exists (select from tf_sync.checkpoint v where v.job_id = c.job_id and v.pass = 'verify'
  and v.table_no = c.table_no and v.segment_no = c.segment_no and v.unexplained > 0)`;

/** What the final comparison held against the job is applied again; the rest of it is only compared again. */
async function verifyAnew(session: Session, jobId: string): Promise<void> {
  await uncount(session, jobId, MISMATCHED, []);
  await session.query(`update tf_sync.checkpoint c set ${AFRESH} where c.job_id = $1 and ${MISMATCHED}`, [jobId]);
  await session.query(`update tf_sync.checkpoint c set ${AFRESH} where c.job_id = $1 and c.pass = 'verify'`, [jobId]);
}

/**
 * Makes a job that was stopped, paused or has failed ready to go on: takes its leases again, and sends back to the
 * beginning what can no longer be relied on. `epoch` is that of the run that ended; the target keeps it.
 *
 * Throws `target_busy` when another job holds one of its tables, `resume_expired` when the target knows the job no more,
 * `epoch_superseded` when it has been resumed already.
 */
export async function reopenJob(
  session: Session,
  jobId: string,
  epoch: number,
  { stale, failed }: Reopening,
): Promise<void> {
  await session.transaction(async () => {
    await ensureControlSchema(session); // that of an earlier version may lack a table
    const [job] = await session.query(
      'select tables::text, epoch::text from tf_sync.job j where j.job_id = $1 and not j.ended for update',
      [jobId],
    );
    if (!job) throw new SyncError('resume_expired', 'The target keeps no checkpoints of this job any more.');
    if (Number(job[1]) > epoch) throw new SyncError('epoch_superseded', 'The job has been resumed already.');
    const tables = JSON.parse(job[0] ?? '[]') as RelationName[]; // written by takeLease
    const used = await leasedSince(session, jobId);
    await leaseTables(session, jobId, tables, stale);
    await beginAnew(session, jobId, [
      ...(await numbersOf(session, jobId, used)),
      ...(await (failed ? withQuarantine : mismatchedWithQuarantine)(session, jobId)),
    ]);
    await verifyAnew(session, jobId);
  });
}
