import { type SegmentId, streamOf } from '../model/checkpoint.ts';
import type { BackDraft, Intent, SettledIntents } from '../model/intent.ts';
import { type FiledBase, printHex, printOf } from '../model/print.ts';
import type { FiledSegment } from '../ports.ts';
import { fileChanges } from './baseline.ts';
import type { Session, TextRow } from './session.ts';

const stream = ({ table, pass, segment }: SegmentId) => streamOf(table, pass, segment);

const COLUMNS = `i.id::text, to_json(i.key)::text, i.before, encode(i.after, 'hex'), i.merged::text, i.counted::text`;

const intentOf = ([id, key, before, after, merged, counted]: TextRow): Intent => ({
  id: id ?? '',
  key: JSON.parse(key ?? '[]') as readonly string[], // text[] as JSON
  before: before ?? null,
  after: after == null ? null : printOf(after),
  merged: merged === 'true',
  counted: counted === 'true',
});

/**
 * Stores what the source is to get, in the chunk's transaction that decided it. A row that has an intent of the same pass gets
 * this one instead, under a new number; one that the counts know as merged stays that.
 */
export async function storeIntents(session: Session, id: SegmentId, drafts: readonly BackDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  await session.query(
    `insert into tf_sync.intent as i (job_id, stream, key, before, after, merged)
     select $1, $2, array(select jsonb_array_elements_text(u.k)), u.b, decode(u.a, 'hex'), u.m
     from unnest($3::jsonb[], $4::text[], $5::text[], $6::bool[]) u(k, b, a, m)
     on conflict (job_id, stream, key) do update set id = default, before = excluded.before, after = excluded.after,
       merged = excluded.merged or (i.counted and i.merged), counted = true`,
    [
      id.jobId,
      stream(id),
      drafts.map((d) => JSON.stringify(d.key)),
      drafts.map((d) => d.before),
      drafts.map((d) => (d.after === null ? null : printHex(d.after))),
      drafts.map((d) => String(d.merged ?? false)),
    ],
  );
}

/** Oldest intents of a segment's pass. */
export async function openIntents(session: Session, id: SegmentId, limit: number): Promise<readonly Intent[]> {
  const rows = await session.query(
    `select ${COLUMNS} from tf_sync.intent i where i.job_id = $1 and i.stream = $2 order by i.id limit $3`,
    [id.jobId, stream(id), String(limit)],
  );
  return rows.map(intentOf);
}

/** Those of the intents that are not settled. */
export async function intentsOf(session: Session, id: SegmentId, ids: readonly string[]): Promise<readonly Intent[]> {
  const rows = await session.query(
    `select ${COLUMNS} from tf_sync.intent i where i.job_id = $1 and i.stream = $2 and i.id = any($3::int8[]) order by i.id`,
    [id.jobId, stream(id), ids],
  );
  return rows.map(intentOf);
}

/** Forgets intents of the pass that its counts know nothing of. */
export async function forgetUncounted(session: Session, id: SegmentId): Promise<void> {
  await session.query('delete from tf_sync.intent i where i.job_id = $1 and i.stream = $2 and not i.counted', [
    id.jobId,
    stream(id),
  ]);
}

/** Both sides have now what was written; of a deletion neither has a row. */
const baseOf = ({ key, after, image }: SettledIntents['done'][number]): FiledBase => ({
  key,
  base: { source: after, target: after },
  ...(image && { image }),
});

/** Settles intents in the chunk's transaction: what the source has by now is the base of both sides. */
export async function settleIntents(
  session: Session,
  at: FiledSegment,
  { jobId }: SegmentId,
  { done, dropped }: SettledIntents,
): Promise<void> {
  const gone = done.filter((i) => i.after === null);
  await fileChanges(
    session,
    at,
    gone.map((i) => ({ kind: 'delete' as const, key: i.key, expected: '' })),
    done.filter((i) => i.after !== null).map(baseOf),
  );
  await session.query('delete from tf_sync.intent i where i.job_id = $1 and i.id = any($2::int8[])', [
    jobId,
    [...done, ...dropped].map((i) => i.id),
  ]);
}
