import { fp } from '../failpoint.ts';
import type { Connection, Side } from '../model/connection.ts';
import type { Shapes } from '../model/shape.ts';
import type { TlsPolicy } from '../model/tls.ts';
import type { Chunk, ConnectAs, CopyChunk, Database, Databases, TargetDatabase } from '../ports.ts';
import { basesOf } from './base-rows.ts';
import { adopt, fileChanges, fileCopied, knownKeys, notFiled } from './baseline.ts';
import { withBlockers } from './blockers.ts';
import { changeLog } from './change-log.ts';
import { changeSource } from './change-source.ts';
import { advance, claimSegment, fence, notedBuckets } from './checkpoint.ts';
import * as conflicts from './conflicts.ts';
import * as control from './control.ts';
import { copyRun } from './copy.ts';
import { raiseEpoch, shareEpoch } from './epoch.ts';
import { completeGenerations, generations, nextGeneration } from './generations.ts';
import { uniqueHolders } from './holders.ts';
import { sourceClock, storageOf, windowFacts } from './horizon.ts';
import { forgetUncounted, intentsOf, openIntents, settleIntents, storeIntents } from './intents.ts';
import { introspect, serverFacts } from './introspect.ts';
import { keyClashes } from './key-clashes.ts';
import { applyCopies, keylessReader } from './keyless.ts';
import { seesMark, withMark } from './mark.ts';
import { mergeRows } from './merge.ts';
import { planSegments, type SegmentSizes } from './planner.ts';
import { probeRow } from './probe.ts';
import { quarantine, quarantinedFor, quarantinedKeys, release } from './quarantine.ts';
import { reopenJob } from './reopen.ts';
import { resolveConflicts } from './resolve.ts';
import { raiseSequences, sequenceStates } from './sequences.ts';
import { openSession, type Session } from './session.ts';
import { shapesOf } from './shapes.ts';
import { snapshotText } from './snapshot.ts';
import { sourceWriter } from './source-writer.ts';
import { BY_INDEX } from './sql.ts';
import { stageRow } from './stage.ts';
import { streamFacts } from './stream-facts.ts';
import { keepShapes, lastShapes, tableShapes } from './table-shape.ts';
import { loadWatermarks } from './watermarks.ts';
import { tableReader } from './window.ts';
import { applyChanges } from './writer.ts';

/** Sessions behind the ports, for the one operation that needs both. */
const sessions = new WeakMap<Database, Session>();

function sessionOf(database: Database): Session {
  const session = sessions.get(database);
  if (!session) throw new TypeError('this database was not opened here');
  return session;
}

function commonPart(session: Session): Database {
  return {
    facts: () => serverFacts(session),
    introspect: () => introspect(session),
    withMark: (work) => withMark(session, work),
    seesMark: (mark) => seesMark(session, mark),
    keyClashes: (table, key) => keyClashes(session, table, key),
    snapshot: () => snapshotText(session),
    clock: () => sourceClock(session),
    storage: (tables) => storageOf(session, tables),
    windowFacts: (table, window) => windowFacts(session, table, window),
    probe: (columns, form) => probeRow(session, columns, form),
    reader: (plan, segment) => (plan.keyless ? keylessReader : tableReader)(session, plan, segment),
    shapes: (tables) => tableShapes(session, tables),
    sequences: (table) => sequenceStates(session, table),
    changes: { ...changeSource(session), facts: (name, tables) => streamFacts(session, name, tables) },
    close: () => session.end(),
  };
}

const filedAt = ({ plan, segment, id }: CopyChunk | Chunk) => ({ plan, segment, number: id.segment });

/** Triggers do not fire. */
const AS_REPLICA = 'set local session_replication_role = replica';

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
    await advance(target, chunk.id, chunk.seq, chunk.advance({ inserted, updated: 0, deleted: 0, quarantined: 0 }));
  }, settings);
}

function targetPart(session: Session, chunkTimeoutMs: number): TargetDatabase {
  return {
    ...commonPart(session),
    takeLease: (...args) => control.takeLease(session, ...args),
    dropJob: (jobId) => control.dropJob(session, jobId),
    raiseEpoch: (...args) => raiseEpoch(session, ...args),
    reopen: (...args) => reopenJob(session, ...args),
    isPrepared: (jobId) => control.isPrepared(session, jobId),
    storePlans: (...args) => control.storePlans(session, ...args),
    loadPlans: (...args) => control.loadPlans(session, ...args),
    loadProgress: (...args) => control.loadProgress(session, ...args),
    recordEvent: (...args) => control.recordEvent(session, ...args),
    endJob: (...args) => control.endJob(session, ...args),
    changeLog: changeLog(session),
    keepShapes: (...args) => keepShapes(session, ...args),
    lastShapes: (...args) => lastShapes(session, ...args),
    watermarks: (wanted) => loadWatermarks(session, wanted),
    peekOutbox: (...args) => control.peekOutbox(session, ...args),
    trimOutbox: (...args) => control.trimOutbox(session, ...args),
    drainAlone: (...args) => control.drainAlone(session, ...args),
    claim: (id, owner) => claimSegment(session, id, owner),
    notedBuckets: (id, kind) => notedBuckets(session, id, kind),
    commit: (chunk) => namingBlockers(session, chunk, () => commit(session, chunk, chunkTimeoutMs)),
    copy: (chunk, source) => namingBlockers(session, chunk, () => commitCopy(sessionOf(source), session, chunk)),
    uniqueHolders: (plan, rows) => session.transaction(() => uniqueHolders(session, plan, rows), BY_INDEX),
    generations: (pair) => generations(session, pair),
    nextGeneration: () => nextGeneration(session),
    completeGenerations: (...args) => completeGenerations(session, ...args),
    notFiled: (...args) => notFiled(session, ...args),
    knownKeys: (...args) => knownKeys(session, ...args),
    bases: (plan, keys) => session.transaction(() => basesOf(session, plan, keys), BY_INDEX),
    merge: (plan, rows) => mergeRows(session, plan, rows),
    unseenConflicts: (...args) => conflicts.unseenConflicts(session, ...args),
    openConflicts: (ids) => conflicts.openConflicts(session, ids),
    settleConflicts: (...args) => conflicts.settleConflicts(session, ...args),
    conflictsOf: (ids) => conflicts.conflictsOf(session, ids),
    resolve: (resolutions, source) =>
      session.transaction(
        () => resolveConflicts(session, sessionOf(source), resolutions),
        [BY_INDEX, ...(resolutions[0].suppressTriggers ? [AS_REPLICA] : [])].join('; '),
      ),
    refreshConflicts: (refreshes) => conflicts.refreshConflicts(session, refreshes),
    intents: (id, limit) => openIntents(session, id, limit),
    intentsOf: (id, ids) => intentsOf(session, id, ids),
    forgetUncounted: (id) => forgetUncounted(session, id),
    countOpenConflicts: (jobId) => conflicts.countOpen(session, jobId),
    untoldConflicts: (...args) => conflicts.untoldConflicts(session, ...args),
    toldConflicts: (list) => conflicts.toldConflicts(session, list),
    quarantined: (jobId, table) => quarantinedKeys(session, jobId, table),
    quarantinedFor: (...args) => quarantinedFor(session, ...args),
    raiseSequences: (table, atLeast) => raiseSequences(session, table, atLeast),
  };
}

/** A chunk aims at half a second; a statement of it that takes this long has too many rows, or one that cannot be written. */
const CHUNK_TIMEOUT_MS = 30_000;

export interface PostgresOptions {
  readonly tlsPolicy: TlsPolicy;
  /** With `ConnectAs.name` it makes the application_name. */
  readonly version: string;
  /** How many sessions of this service may work on one server at once; absent: as many as it takes. */
  readonly connectionLimit?: number;
  /** Default: SEGMENT_SIZES. */
  readonly sizes?: SegmentSizes;
  /** Longest time a statement of a chunk may take; default 30 s. */
  readonly chunkTimeoutMs?: number;
  /** How much longer than its limit the answer of a statement may be overdue; default 10 s. */
  readonly answerGraceMs?: number;
}

/** The databases behind real connections. */
export function postgresDatabases(options: PostgresOptions): Databases {
  const open = (side: Side, connection: Connection, as: ConnectAs) =>
    openSession(connection, {
      side,
      applicationName: `terrafusion-sync/${options.version} ${as.name}`.slice(0, 63),
      tlsPolicy: options.tlsPolicy,
      ...(options.connectionLimit !== undefined && { connectionLimit: options.connectionLimit }),
      statementTimeoutMs: as.statementTimeoutMs,
      ...(options.answerGraceMs !== undefined && { answerGraceMs: options.answerGraceMs }),
    });
  const remember = <D extends Database>(session: Session, database: D): D => {
    sessions.set(database, session);
    return database;
  };
  return {
    async source(connection, as) {
      const session = await open('source', connection, as);
      const writer = as.writes && {
        writer: sourceWriter(session, sessionOf, options.chunkTimeoutMs ?? CHUNK_TIMEOUT_MS),
      };
      return remember(session, { ...commonPart(session), ...writer });
    },
    async target(connection, as) {
      const session = await open('target', connection, as);
      return remember(session, targetPart(session, options.chunkTimeoutMs ?? CHUNK_TIMEOUT_MS));
    },
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan, options.sizes),
  };
}

/** Geometries given as text, drawn and measured by this server; apart from the ports, because one function alone draws. */
export function drawShapes(
  database: Database,
  kind: 'geometry' | 'geography',
  values: readonly (string | null)[],
): Promise<Shapes | undefined> {
  return shapesOf(sessionOf(database), kind, values);
}
