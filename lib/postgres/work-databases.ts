import { fp } from '../failpoint.ts';
import type { Chunk, CopyChunk, RowsDatabase, TellingTarget, WorkDatabases, WorkSource, WorkTarget } from '../ports.ts';
import { basesOf } from './base-rows.ts';
import { adopt, fileChanges, fileCopied, knownKeys, notFiled } from './baseline.ts';
import { withBlockers } from './blockers.ts';
import { changeSource } from './change-source.ts';
import { advance, claimSegment, fence, notedBuckets } from './checkpoint.ts';
import * as conflicts from './conflicts.ts';
import * as control from './control.ts';
import { copyRun } from './copy.ts';
import { notComputable } from './copy-aside.ts';
import { shareEpoch } from './epoch.ts';
import { uniqueHolders } from './holders.ts';
import { forgetUncounted, intentsOf, openIntents, settleIntents, storeIntents } from './intents.ts';
import { applyCopies } from './keyless.ts';
import { mergeRows } from './merge.ts';
import { opened, sessionOf } from './opened.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { quarantine, quarantinedFor, quarantinedKeys, release } from './quarantine.ts';
import { rowsPart } from './rows.ts';
import type { Session } from './session.ts';
import { writing } from './source-commands.ts';
import { rowsBack } from './source-writer.ts';
import { AS_REPLICA, BY_INDEX } from './sql.ts';
import { stageRow } from './stage.ts';
import { tellingPart } from './telling.ts';
import { applyChanges } from './writer.ts';

const filedAt = ({ plan, segment, id }: CopyChunk | Chunk) => ({ plan, segment, number: id.segment });

/** One chunk: fence, rows, checkpoint and outbox in one READ COMMITTED transaction of the target. */
async function commit(session: Session, chunk: Chunk, statementTimeoutMs: number): Promise<void> {
  const at = filedAt(chunk);
  const settings = [
    shareEpoch(chunk.id.jobId),
    ...(chunk.changes.length > 0 ? [BY_INDEX] : []), // without changes rows are read by the bucket, not by key
    ...(chunk.suppressTriggers ? [AS_REPLICA] : []),
  ];
  await session.transaction(
    async () => {
      await fence(session, chunk.id, chunk.owner, chunk.seq - 1);
      for (const change of chunk.changes)
        if (change.kind !== 'delete' && change.row.streamed)
          await stageRow(sessionOf(chunk.source), session, chunk.plan, change.row);
      await adopt(session, at, chunk.adopt ?? {});
      const apply = chunk.plan.keyless ? applyCopies : applyChanges;
      await fp('fence.ok');
      const rows = await apply(session, chunk.plan, chunk.changes);
      await fp('rows.all');
      await fileChanges(session, at, chunk.changes, chunk.decided?.bases);
      if (chunk.decided) await conflicts.storeDecided(session, { ...chunk, table: chunk.plan.target }, chunk.decided);
      await storeIntents(session, chunk.id, chunk.decided?.back ?? []);
      if (chunk.settled) await settleIntents(session, at, chunk.id, chunk.settled);
      await release(session, chunk.id, chunk.release ?? []);
      const applied = { ...rows, quarantined: await quarantine(session, chunk.id, chunk.quarantine ?? []) };
      await advance(session, chunk.id, chunk.seq, chunk.advance(applied));
    },
    settings.join('; '),
    statementTimeoutMs,
  );
}

/** Runs a chunk; where a lock was in the way, the error says whose. */
async function namingBlockers(session: Session, chunk: Pick<Chunk, 'plan'>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw await withBlockers(session, chunk.plan, error);
  }
}

/** The same for rows that are piped through. */
async function commitCopy(source: Session, target: Session, chunk: CopyChunk): Promise<void> {
  const settings = [shareEpoch(chunk.id.jobId), ...(chunk.suppressTriggers ? [AS_REPLICA] : [])].join('; ');
  await target.transaction(async () => {
    await fence(target, chunk.id, chunk.owner, chunk.seq - 1);
    await fp('fence.ok');
    const inserted = await copyRun(source, target, chunk.plan, chunk.segment, chunk.run);
    await fp('rows.all');
    await fileCopied(target, filedAt(chunk), chunk.run);
    const aside = await notComputable(source, chunk);
    const quarantined = await quarantine(target, chunk.id, aside);
    await advance(target, chunk.id, chunk.seq, chunk.advance({ inserted, updated: 0, deleted: 0, quarantined, aside }));
  }, settings);
}

/** A chunk aims at half a second; a statement of it that takes this long has too many rows, or one that cannot be written. */
const CHUNK_TIMEOUT_MS = 30_000;

/** Work on segments of a job, in the target. */
export function workPart(
  session: Session,
  chunkTimeoutMs = CHUNK_TIMEOUT_MS,
): Omit<WorkTarget, keyof (RowsDatabase & TellingTarget)> {
  return {
    loadPlans: (...args) => control.loadPlans(session, ...args),
    drainAlone: (...args) => control.drainAlone(session, ...args),
    claim: (id, owner) => claimSegment(session, id, owner),
    notedBuckets: (id, kind) => notedBuckets(session, id, kind),
    commit: (chunk) => namingBlockers(session, chunk, () => commit(session, chunk, chunkTimeoutMs)),
    copy: (chunk, source) => namingBlockers(session, chunk, () => commitCopy(sessionOf(source), session, chunk)),
    uniqueHolders: (plan, rows) => session.transaction(() => uniqueHolders(session, plan, rows), BY_INDEX),
    notFiled: (...args) => notFiled(session, ...args),
    knownKeys: (...args) => knownKeys(session, ...args),
    bases: (plan, keys) => session.transaction(() => basesOf(session, plan, keys), BY_INDEX),
    merge: (plan, rows) => mergeRows(session, plan, rows),
    openConflicts: (ids) => conflicts.openConflicts(session, ids),
    intents: (id, limit) => openIntents(session, id, limit),
    intentsOf: (id, ids) => intentsOf(session, id, ids),
    forgetUncounted: (id) => forgetUncounted(session, id),
    quarantined: (jobId, table) => quarantinedKeys(session, jobId, table),
    quarantinedFor: (...args) => quarantinedFor(session, ...args),
  };
}

/** Rows of a source that is written to. */
export const backPart = (session: Session, chunkTimeoutMs = CHUNK_TIMEOUT_MS): NonNullable<WorkSource['writer']> =>
  rowsBack(writing(session), chunkTimeoutMs);

/** The databases behind real connections, for the worker of a segment: what commands and plans need stays out of its bundle. */
export function workDatabases(options: OpeningOptions): WorkDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      return opened(session, {
        ...rowsPart(session),
        changes: changeSource(session),
        ...(as.writes && { writer: backPart(session) }),
      });
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return opened(session, { ...rowsPart(session), ...tellingPart(session), ...workPart(session) });
    },
  };
}
