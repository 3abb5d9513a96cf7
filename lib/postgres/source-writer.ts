import { fp } from '../failpoint.ts';
import { type SegmentId, streamOf } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import type { TablePlan } from '../model/table.ts';
import type { BackChunk, WorkSource } from '../ports.ts';
import { fence } from './checkpoint.ts';
import { shareEpoch } from './epoch.ts';
import { sessionOf } from './opened.ts';
import { requireSchema, SCHEMA_VERSION } from './schema-version.ts';
import type { Session } from './session.ts';
import { AS_REPLICA, BY_INDEX } from './sql.ts';
import { stageRow } from './stage.ts';
import { applyChanges } from './writer.ts';

/** The plan as it is for rows that go to the source: both sides in each other's place. Their columns have the same types. */
export const mirrored = (plan: TablePlan): TablePlan => ({
  ...plan,
  source: plan.target,
  target: plan.source,
  ...(plan.only && { only: plan.only.map((side) => (side === 'source' ? 'target' : 'source')) }),
  selfReferencing: plan.back?.selfReferencing ?? false,
  uniques: plan.back?.uniques ?? [],
  fixed: plan.back?.fixed ?? [],
});

async function claim(session: Session, id: SegmentId, owner: string): Promise<void> {
  const { jobId, epoch, table, pass, segment } = id;
  const found = await session.transaction(async () => {
    const rows = await session.query(
      `insert into tf_sync.checkpoint as c (job_id, stream, table_no, pass, segment_no, segment, epoch, owner)
       select j.job_id, $2, $3, $4, $5, '{}', j.epoch, $7 from tf_sync.job j where j.job_id = $1 and j.epoch = $6 and not j.ended
       on conflict (job_id, stream) do update set epoch = excluded.epoch, owner = excluded.owner returning ${SCHEMA_VERSION}`,
      [jobId, streamOf(table, pass, segment), String(table), pass, String(segment), String(epoch), owner],
    );
    if (rows.length === 0)
      throw new SyncError('epoch_superseded', 'A newer run of this job has taken over, or it has ended.');
    return rows[0]?.[0];
  }, shareEpoch(jobId));
  await requireSchema(session, found);
}

/**
 * Marks the intents; answers those that nobody had applied. A worker that was thought dead may be about to: its marks are waited
 * for. Marks of intents that were settled before are of no use any more.
 */
async function mark(session: Session, id: SegmentId, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const stream = streamOf(id.table, id.pass, id.segment);
  await session.query(
    'delete from tf_sync.written_back w where w.job_id = $1 and w.stream = $2 and w.intent <> all($3::int8[])',
    [id.jobId, stream, ids],
  );
  const rows = await session.query(
    `insert into tf_sync.written_back (job_id, stream, intent) select $1, $2, u from unnest($3::int8[]) u
     on conflict do nothing returning intent::text`,
    [id.jobId, stream, ids],
  );
  return new Set(rows.map(([intent]) => intent ?? ''));
}

/** One transaction of the source: fence, marks and rows. */
async function write(session: Session, target: Session, chunk: BackChunk, statementTimeoutMs: number): Promise<void> {
  const { id, owner, changes } = chunk;
  const plan = mirrored(chunk.plan);
  const settings = [shareEpoch(id.jobId), BY_INDEX, ...(chunk.suppressTriggers ? [AS_REPLICA] : [])];
  await session.transaction(
    async () => {
      await fence(session, id, owner, 0); // its row in the source is never moved on
      await fp('back.fence');
      const fresh = await mark(
        session,
        id,
        changes.map((c) => c.id),
      );
      const rows = changes.filter((c) => fresh.has(c.id)).map((c) => c.change);
      for (const c of rows) if (c.kind !== 'delete' && c.row.streamed) await stageRow(target, session, plan, c.row);
      await applyChanges(session, plan, rows);
      await fp('back.rows');
    },
    settings.join('; '),
    statementTimeoutMs,
  );
}

/** Rows of a source that is written to; `session` is one whose transactions write. */
export function rowsBack(session: Session, statementTimeoutMs: number): NonNullable<WorkSource['writer']> {
  return {
    claim: (id, owner) => claim(session, id, owner),
    applied: async (id) => {
      const rows = await session.query(
        'select w.intent::text from tf_sync.written_back w where w.job_id = $1 and w.stream = $2 order by w.intent',
        [id.jobId, streamOf(id.table, id.pass, id.segment)],
      );
      return rows.map(([intent]) => intent ?? '');
    },
    write: (chunk, target) => write(session, sessionOf(target), chunk, statementTimeoutMs),
  };
}
