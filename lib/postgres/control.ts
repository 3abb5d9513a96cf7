import type { AuditEvent } from '../model/audit-event.ts';
import type { BaselineChanges } from '../model/baseline.ts';
import { type JobEvent, type Progress, type Samples, streamOf } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import type { Counts, Pass } from '../model/job.ts';
import type { RelationName, Segment, TablePlan } from '../model/table.ts';
import type { Learnt, StaleHolder } from '../ports.ts';
import { changeBaselines } from './generations.ts';
import { leaseTables } from './lease.ts';
import { storeQuiet } from './quiet-memory.ts';
import { ensureControlSchema, requireSchema, SCHEMA_VERSION } from './schema-version.ts';
import type { Session } from './session.ts';
import { settleChanges } from './waiting-keys.ts';
import { storeWatermarks } from './watermarks.ts';

const epochSuperseded = () => new SyncError('epoch_superseded', 'A newer run of this job has taken over.');

/** Appends an event to the job's own stream. Inside the caller's transaction. */
export async function appendJobEvent(session: Session, jobId: string, event: JobEvent): Promise<void> {
  await session.query(
    `with j as (update tf_sync.job_stream set seq = seq + 1 where job_id = $1 returning seq)
     insert into tf_sync.outbox (job_id, stream, seq, event)
     select $1, 'job', j.seq, jsonb_build_object('type', $2::text, 'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'actor', $3::text, 'data', $4::jsonb) from j`,
    [jobId, event.type, event.actor, JSON.stringify(event.data)],
  );
}

/** Goes on in the row of a call before that may be at work still; what that one leased and does not need is kept for it. */
async function joinJob(session: Session, jobId: string, tables: string): Promise<void> {
  const joined = await session.query(
    `update tf_sync.job j set created_at = greatest(clock_timestamp(), j.created_at + interval '1 microsecond'),
       tables = (select coalesce(jsonb_agg(distinct t), '[]') from (
         select t from jsonb_array_elements($2::jsonb) t union all
         select t from jsonb_array_elements(j.tables) t join tf_sync.lease l
           on (l.table_schema, l.table_name, l.job_id) = (t ->> 'schema', t ->> 'name', j.job_id)) u)
     where j.job_id = $1 and j.epoch = 1 and not j.prepared and not j.ended returning 1`,
    [jobId, tables],
  );
  if (joined.length === 0) throw new SyncError('state_conflict', 'A job of this id has begun already.');
}

/**
 * Creates the job's row and takes the lease of its tables, inside the caller's transaction. A second call under the id waits for the
 * first, and goes on where it is as long as no run has begun. Returns what `dropJob` undoes it with; none where the row was there.
 */
export async function beginJob(
  session: Session,
  jobId: string,
  names: readonly RelationName[],
  stale: StaleHolder,
): Promise<string | undefined> {
  const tables = JSON.stringify(names.map(({ schema, name }) => ({ schema, name })));
  const [made] = await session.query(
    `insert into tf_sync.job (job_id, epoch, tables) values ($1, 1, $2) on conflict (job_id) do nothing
     returning extract(epoch from created_at)::text`,
    [jobId, tables],
  );
  if (!made) await joinJob(session, jobId, tables);
  await leaseTables(session, jobId, names, stale);
  return made?.[0] ?? undefined;
}

/**
 * Takes the lease of every target table, creates the job's row and its first event, in one transaction; see `TargetDatabase`.
 *
 * `stale` says of a holder whether its job is known to have ended or never to have begun; its leases are then taken over.
 * Throws `target_busy` naming the holder; then nothing was written.
 */
export async function takeLease(
  session: Session,
  jobId: string,
  tables: readonly RelationName[],
  event: JobEvent,
  stale: StaleHolder,
): Promise<string | undefined> {
  return session.transaction(async () => {
    await ensureControlSchema(session, { starts: true });
    const taken = await beginJob(session, jobId, tables, stale);
    if (taken === undefined) await retellBegin(session, jobId, event);
    else {
      await session.query('insert into tf_sync.job_stream (job_id) values ($1)', [jobId]);
      await appendJobEvent(session, jobId, event);
    }
    return taken;
  });
}

/** The call before may have wanted something else, and no job came of that: its first event is of this one now. */
async function retellBegin(session: Session, jobId: string, { actor, data }: JobEvent): Promise<void> {
  await session.query(
    `update tf_sync.outbox o set event = o.event || jsonb_build_object('actor', $2::text, 'data', $3::jsonb)
     where (o.job_id, o.stream, o.seq) = ($1, 'job', 1)`,
    [jobId, actor, JSON.stringify(data)],
  );
}

/** Undoes takeLease when the job could not be stored; see `TargetDatabase`. */
export async function dropJob(
  session: Session,
  jobId: string,
  taken: string,
  also?: () => Promise<unknown>,
): Promise<boolean> {
  return session.transaction(async () => {
    const dropped = await session.query(
      'delete from tf_sync.job where job_id = $1 and extract(epoch from created_at)::text = $2 returning 1',
      [jobId, taken],
    );
    if (dropped.length === 0) return false;
    await session.query('delete from tf_sync.lease where job_id = $1', [jobId]);
    await session.query('delete from tf_sync.outbox where job_id = $1', [jobId]);
    await also?.();
    return true;
  });
}

/** Whether Prepare has written the plans and checkpoints of this job. */
export async function isPrepared(session: Session, jobId: string): Promise<boolean> {
  const [row] = await session.query('select prepared from tf_sync.job where job_id = $1', [jobId]);
  return row?.[0] === 't';
}

/** Writes all plans and checkpoints at once; the only place that creates checkpoints. */
export async function storePlans(
  session: Session,
  job: { readonly jobId: string; readonly epoch: number; readonly passes: readonly Pass[] },
  plans: readonly { readonly plan: TablePlan; readonly segments: readonly Segment[] }[],
  event: JobEvent,
  baselines: BaselineChanges,
): Promise<void> {
  await session.transaction(async () => {
    const fence = await session.query(
      'select 1 from tf_sync.job where job_id = $1 and epoch = $2 and not prepared for update',
      [job.jobId, String(job.epoch)],
    );
    if (fence.length === 0) throw epochSuperseded();
    await session.query(
      'insert into tf_sync.table_plan (job_id, table_no, plan) select $1, n, p from unnest($2::int[], $3::jsonb[]) u(n, p)',
      [job.jobId, plans.map((p) => p.plan.table), plans.map((p) => JSON.stringify(p.plan))],
    );
    const rows = plans.flatMap(({ plan, segments }) =>
      job.passes.flatMap((pass) =>
        segments.map((segment, i) => ({ table: plan.table, pass, i, segment, stream: streamOf(plan.table, pass, i) })),
      ),
    );
    await session.query(
      `insert into tf_sync.checkpoint (job_id, epoch, stream, table_no, pass, segment_no, segment)
       select $1, $2, u.* from unnest($3::text[], $4::int[], $5::text[], $6::int[], $7::jsonb[]) u`,
      [
        job.jobId,
        String(job.epoch),
        rows.map((r) => r.stream),
        rows.map((r) => r.table),
        rows.map((r) => r.pass),
        rows.map((r) => r.i),
        rows.map((r) => JSON.stringify(r.segment)),
      ],
    );
    await changeBaselines(session, baselines);
    await session.query('update tf_sync.job set prepared = true where job_id = $1', [job.jobId]);
    await appendJobEvent(session, job.jobId, event);
  });
}

/**
 * Plans of a job, or of one table of it, in table order. Every step and every delivery begins with them, so here the version of
 * the tables is looked at: throws `schema_newer`.
 */
export async function loadPlans(session: Session, jobId: string, table?: number): Promise<readonly TablePlan[]> {
  const rows = await session.query(
    `select plan::text, ${SCHEMA_VERSION} from tf_sync.table_plan p where p.job_id = $1 and ($2::int is null or p.table_no = $2) order by p.table_no`,
    [jobId, table === undefined ? null : String(table)],
  );
  if (rows[0]) await requireSchema(session, rows[0][1]);
  return rows.map((r) => JSON.parse(r[0] ?? '') as TablePlan); // written by storePlans
}

/** Progress of every segment of a job, or of one table of it. */
export async function loadProgress(session: Session, jobId: string, table?: number): Promise<readonly Progress[]> {
  const rows = await session.query(
    `select table_no::text, pass, segment_no::text, seq::text, counts::text, finished::text, (written <> '{}')::text, (extra <> '{}')::text, unexplained::text, in_flight::text, samples::text, to_delete::text
     from tf_sync.checkpoint c where c.job_id = $1 and ($2::int is null or c.table_no = $2) order by c.table_no, c.pass, c.segment_no`,
    [jobId, table === undefined ? null : String(table)],
  );
  return rows.map((r) => ({
    table: Number(r[0]),
    pass: r[1] as Pass, // only storePlans writes it
    segment: Number(r[2]),
    seq: Number(r[3]),
    counts: JSON.parse(r[4] ?? '{}') as Partial<Counts>, // only commitChunk writes it
    finished: r[5] === 'true',
    wrote: r[6] === 'true',
    hasExtra: r[7] === 'true',
    toDelete: Number(r[11]),
    unexplained: Number(r[8]),
    inFlight: Number(r[9]),
    samples: JSON.parse(r[10] ?? '{}') as Samples, // only advance writes it
  }));
}

/** Records a job event under the epoch fence, `once` by that name. Throws `epoch_superseded`. */
export async function recordEvent(
  session: Session,
  jobId: string,
  epoch: number,
  event: JobEvent,
  once?: string,
): Promise<void> {
  if (once !== undefined) return recordOnce(session, { jobId, epoch, once }, event);
  await session.transaction(async () => {
    const fence = await session.query('select 1 from tf_sync.job where job_id = $1 and epoch = $2 for share', [
      jobId,
      String(epoch),
    ]);
    if (fence.length === 0) throw epochSuperseded();
    await appendJobEvent(session, jobId, event);
  });
}

/** In one statement: steps of every table and pass tell something. */
async function recordOnce(
  session: Session,
  { jobId, epoch, once }: { readonly jobId: string; readonly epoch: number; readonly once: string },
  event: JobEvent,
): Promise<void> {
  const [row] = await session.query(
    `with f as materialized (select 1 from tf_sync.job where job_id = $1 and epoch = $2 for share),
       t as (insert into tf_sync.told (job_id, what) select $1, $3 from f on conflict do nothing returning 1),
       j as (update tf_sync.job_stream set seq = seq + 1 where job_id = $1 and exists (select from t) returning seq),
       o as (insert into tf_sync.outbox (job_id, stream, seq, event)
         select $1, 'job', j.seq, jsonb_build_object('type', $4::text, 'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'actor', $5::text, 'data', $6::jsonb) from j)
     select exists (select from f)`,
    [jobId, String(epoch), once, event.type, event.actor, JSON.stringify(event.data)],
  );
  if (row?.[0] !== 't') throw epochSuperseded();
}

/** So long the rows of an ended job are kept, for people to look at. */
const KEEP_DAYS = 30;

/** Forgets jobs that ended long ago, a few at a time: each has a row per segment and pass. */
async function dropOldJobs(session: Session): Promise<void> {
  await session.query(
    `delete from tf_sync.job where job_id in (select job_id from tf_sync.job j
       where j.ended and j.created_at < now() - make_interval(days => $1)
         and not exists (select from tf_sync.outbox o where o.job_id = j.job_id) limit 20)`,
    [String(KEEP_DAYS)],
  );
}

/**
 * Ends a job in the target: closes it at `epoch` so that nothing commits for it any more, releases its leases, records the
 * last event and how far its tables have come. Repeating it changes nothing. Throws `epoch_superseded`.
 */
export async function endJob(
  session: Session,
  jobId: string,
  epoch: number,
  event: JobEvent,
  { watermarks = [], quiet = [], changes = [] }: Learnt = {},
): Promise<void> {
  await session.transaction(async () => {
    const [row] = await session.query('select ended, epoch::text from tf_sync.job where job_id = $1 for update', [
      jobId,
    ]);
    if (!row || row[0] === 't') return;
    if (Number(row[1]) > epoch) throw epochSuperseded();
    await appendJobEvent(session, jobId, event);
    // asked only where there is something: other bundles than settle-job's leave both out
    if (watermarks.length > 0) await storeWatermarks(session, jobId, watermarks);
    if (quiet.length > 0) await storeQuiet(session, jobId, quiet);
    if (changes.length > 0) await settleChanges(session, jobId, changes);
    // one more than any worker of this run has: a worker still at work finds itself superseded
    await session.query('update tf_sync.job set ended = true, epoch = $2 where job_id = $1', [
      jobId,
      String(epoch + 1),
    ]);
    await session.query('delete from tf_sync.lease where job_id = $1', [jobId]);
    await dropOldJobs(session);
  });
}

/** Most that is held of the outbox at once; an event may have some 100 KB. */
const PEEK_BYTES = 4_000_000;

/** Oldest events that the audit trail has not learnt yet, in stream order; at least one where there is one. */
export async function peekOutbox(session: Session, jobId: string, limit: number): Promise<readonly AuditEvent[]> {
  const rows = await session.query(
    `select e.stream, e.seq::text, e.event::text from (
       select o.stream, o.seq, o.event, sum(octet_length(o.event::text)) over w as bytes, row_number() over w as n
       from tf_sync.outbox o where o.job_id = $1 window w as (order by o.stream, o.seq) order by o.stream, o.seq limit $2) e
     where e.n = 1 or e.bytes <= $3 order by e.n`,
    [jobId, String(limit), String(PEEK_BYTES)],
  );
  return rows.map(([stream, seq, event]) => ({
    job_id: jobId,
    stream: stream ?? '',
    seq: Number(seq),
    ...(JSON.parse(event ?? '{}') as JobEvent & { at: string }),
  })); // written by append and commitChunk
}

/** Forgets events that the audit trail has stored. */
export async function trimOutbox(
  session: Session,
  jobId: string,
  events: readonly Pick<AuditEvent, 'stream' | 'seq'>[],
): Promise<void> {
  if (events.length === 0) return;
  await session.query(
    'delete from tf_sync.outbox o using unnest($2::text[], $3::int[]) u(s, n) where o.job_id = $1 and o.stream = u.s and o.seq = u.n',
    [jobId, events.map((e) => e.stream), events.map((e) => e.seq)],
  );
}

/** Runs `work` while no other session of this job does; false when one does. The lock ends with the session at the latest. */
export async function drainAlone(session: Session, jobId: string, work: () => Promise<void>): Promise<boolean> {
  const key = `hashtextextended('tf_sync drain ' || $1, 0)`;
  const [row] = await session.query(`select pg_try_advisory_lock(${key})`, [jobId]);
  if (row?.[0] !== 't') return false;
  try {
    await work();
    return true;
  } finally {
    await session.query(`select pg_advisory_unlock(${key})`, [jobId]).catch(() => undefined);
  }
}
