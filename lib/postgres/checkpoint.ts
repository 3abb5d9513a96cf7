import { healingStream } from '../model/audit-event.ts';
import type { BucketRun } from '../model/change.ts';
import { type Advance, type Checkpoint, type Cursor, type SegmentId, streamOf } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { type Counts, NO_COUNTS } from '../model/job.ts';
import type { Segment } from '../model/table.ts';
import type { Session } from './session.ts';

const dropped = () => new SyncError('epoch_superseded', 'Another worker or a newer run has this segment.');
const multirange = (runs: readonly BucketRun[]) => `{${runs.map(([a, b]) => `[${a},${b}]`).join(',')}}`;

/**
 * Makes `owner` the one worker of the segment; whoever had it before can commit nothing any more.
 *
 * Throws `epoch_superseded` when the job has moved on.
 */
export async function claimSegment(session: Session, id: SegmentId, owner: string): Promise<Checkpoint> {
  const [row] = await session.query(
    `update tf_sync.checkpoint c set owner = $4
     from tf_sync.job j
     where c.job_id = $1 and c.stream = $2 and c.epoch = $3 and j.job_id = c.job_id and j.epoch = $3
     returning c.seq::text, c.cursor::text, c.counts::text, c.finished::text, c.segment::text`,
    [id.jobId, streamOf(id.table, id.pass, id.segment), String(id.epoch), owner],
  );
  if (!row) throw dropped();
  return {
    seq: Number(row[0]),
    cursor: JSON.parse(row[1] ?? '') as Cursor, // written by advance
    counts: { ...NO_COUNTS, ...(JSON.parse(row[2] ?? '{}') as Partial<Counts>) },
    finished: row[3] === 'true',
    segment: JSON.parse(row[4] ?? '') as Segment, // written by storePlans
  };
}

/**
 * Buckets that an earlier pass noted for this segment: written into, or holding target-only rows. Each once, whatever the
 * number of passes: a bucket that is read twice has the sum 0 on both sides.
 */
export async function notedBuckets(
  session: Session,
  id: SegmentId,
  kind: 'written' | 'extra',
): Promise<readonly BucketRun[]> {
  const rows = await session.query(
    `select lower(r)::text, (upper(r) - 1)::text
     from unnest((
       select range_agg(w) from tf_sync.checkpoint c, unnest(${kind === 'extra' ? 'c.extra' : 'c.written + c.extra'}) w
       where c.job_id = $1 and c.table_no = $2 and c.segment_no = $3 and c.pass <> 'verify')) r
     order by lower(r)`,
    [id.jobId, String(id.table), String(id.segment)],
  );
  return rows.map((r) => [Number(r[0]), Number(r[1])] as const);
}

/**
 * The fence: first statement of a chunk's transaction. Holds the job's row shared, so that its epoch cannot be raised
 * before this transaction ends, and the checkpoint's row, so that two workers cannot both apply chunk `seq + 1`.
 */
export async function fence(session: Session, id: SegmentId, owner: string, seq: number): Promise<void> {
  const rows = await session.query(
    `select 1 from tf_sync.job j join tf_sync.checkpoint c on c.job_id = j.job_id
     where j.job_id = $1 and j.epoch = $2 and c.stream = $3 and c.epoch = $2 and c.owner = $4 and c.seq = $5
     for share of j for update of c`,
    [id.jobId, String(id.epoch), streamOf(id.table, id.pass, id.segment), owner, String(seq)],
  );
  if (rows.length === 0) throw dropped();
}

/** Moves the checkpoint on and records the chunk's event, in the transaction that did the work. */
export async function advance(session: Session, id: SegmentId, seq: number, a: Advance): Promise<void> {
  const stream = streamOf(id.table, id.pass, id.segment);
  const rows = await session.query(
    `with c as (
       update tf_sync.checkpoint
       set seq = $3, cursor = $4, counts = $5, written = written + $6::int8multirange, extra = extra + $7::int8multirange,
           unexplained = unexplained + $8, in_flight = in_flight + $13, samples = coalesce($14, samples), to_delete = to_delete + $15, finished = $9, updated_at = now()
       where job_id = $1 and stream = $2 and seq = $3::int - 1 returning 1)
     insert into tf_sync.outbox (job_id, stream, seq, event)
     select $1, $2, $3, jsonb_build_object('type', $10::text, 'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'actor', $11::text, 'data', $12::jsonb)
     from c returning 1`,
    [
      id.jobId,
      stream,
      String(seq),
      JSON.stringify(a.cursor),
      JSON.stringify(a.counts),
      multirange(a.written),
      multirange(a.extra),
      String(a.unexplained),
      String(a.finished),
      a.event.type,
      a.event.actor,
      JSON.stringify(a.event.data),
      String(a.inFlight),
      a.samples ? JSON.stringify(a.samples) : null,
      String(a.toDelete),
    ],
  );
  if (rows.length === 0) throw dropped();
  if (a.healing?.length || a.details?.length) await recordNotes(session, id, seq, a);
}

/** A healing step in a stream of its own, named by its time; details of the chunk in one that is named by the chunk. */
async function recordNotes(
  session: Session,
  id: SegmentId,
  seq: number,
  { healing = [], details = [] }: Pick<Advance, 'healing' | 'details'>,
): Promise<void> {
  const [clock] = await session.query(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  );
  const at = new Date(clock?.[0] ?? '');
  const own = streamOf(id.table, id.pass, id.segment);
  const notes = [
    ...healing.map((event, i) => ({ stream: healingStream(at, `${own}-${seq}-${i}`), seq: 1, event })),
    ...details.map((event, i) => ({ stream: `${own}/${seq}`, seq: i + 1, event })),
  ];
  await session.query(
    `insert into tf_sync.outbox (job_id, stream, seq, event)
     select $1, s, n, e || jsonb_build_object('at', $2::text) from unnest($3::text[], $4::int[], $5::jsonb[]) u(s, n, e)`,
    [
      id.jobId,
      at.toISOString(),
      notes.map((n) => n.stream),
      notes.map((n) => n.seq),
      notes.map((n) => JSON.stringify(n.event)),
    ],
  );
}
