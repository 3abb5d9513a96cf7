import type { Connection, Side } from '../model/connection.ts';
import type { TlsPolicy } from '../model/tls.ts';
import type { Chunk, ConnectAs, CopyChunk, Database, Databases, TargetDatabase } from '../ports.ts';
import { withBlockers } from './blockers.ts';
import { advance, claimSegment, fence, notedBuckets } from './checkpoint.ts';
import * as control from './control.ts';
import { copyRun } from './copy.ts';
import { raiseEpoch, shareEpoch } from './epoch.ts';
import { uniqueHolders } from './holders.ts';
import { introspect, serverFacts } from './introspect.ts';
import { keyClashes } from './key-clashes.ts';
import { seesMark, withMark } from './mark.ts';
import { planSegments } from './planner.ts';
import { probeRow } from './probe.ts';
import { quarantine, quarantinedKeys, release } from './quarantine.ts';
import { segmentReader } from './reader.ts';
import { reopenJob } from './reopen.ts';
import { raiseSequences, sequenceStates } from './sequences.ts';
import { openSession, type Session } from './session.ts';
import { snapshotText } from './snapshot.ts';
import { BY_INDEX } from './sql.ts';
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
    probe: (columns) => probeRow(session, columns, 'fast'),
    reader: (plan, segment) => segmentReader(session, plan, segment),
    sequences: (table) => sequenceStates(session, table),
    close: () => session.end(),
  };
}

/** Triggers do not fire. */
const AS_REPLICA = 'set local session_replication_role = replica';

/** One chunk: fence, rows, checkpoint and outbox in one READ COMMITTED transaction of the target. */
async function commit(session: Session, chunk: Chunk, statementTimeoutMs: number): Promise<void> {
  const settings = [shareEpoch(chunk.id.jobId), BY_INDEX, ...(chunk.suppressTriggers ? [AS_REPLICA] : [])].join('; ');
  await session.transaction(
    async () => {
      await fence(session, chunk.id, chunk.owner, chunk.seq - 1);
      const rows = await applyChanges(session, chunk.plan, chunk.changes);
      await release(session, chunk.id, chunk.release ?? []);
      const applied = { ...rows, quarantined: await quarantine(session, chunk.id, chunk.quarantine ?? []) };
      await advance(session, chunk.id, chunk.seq, chunk.advance(applied));
    },
    settings,
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
    const inserted = await copyRun(source, target, chunk.plan, chunk.segment, chunk.run);
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
    peekOutbox: (...args) => control.peekOutbox(session, ...args),
    trimOutbox: (...args) => control.trimOutbox(session, ...args),
    claim: (id, owner) => claimSegment(session, id, owner),
    notedBuckets: (id, kind) => notedBuckets(session, id, kind),
    commit: (chunk) => namingBlockers(session, chunk, () => commit(session, chunk, chunkTimeoutMs)),
    copy: (chunk, source) => namingBlockers(session, chunk, () => commitCopy(sessionOf(source), session, chunk)),
    uniqueHolders: (plan, rows) => session.transaction(() => uniqueHolders(session, plan, rows), BY_INDEX),
    quarantined: (jobId, table) => quarantinedKeys(session, jobId, table),
    raiseSequences: (table, atLeast) => raiseSequences(session, table, atLeast),
  };
}

/** A chunk aims at half a second; a statement of it that takes this long has too many rows, or one that cannot be written. */
const CHUNK_TIMEOUT_MS = 30_000;

export interface DatabasesOptions {
  readonly tlsPolicy: TlsPolicy;
  readonly version: string;
  /** How many sessions of this service may work on one server at once; absent: as many as it takes. */
  readonly connectionLimit?: number;
  /** Longest time a statement of a chunk may take; default 30 s. */
  readonly chunkTimeoutMs?: number;
  /** How much longer than its limit the answer of a statement may be overdue; default 10 s. */
  readonly answerGraceMs?: number;
}

/** The databases behind real connections. `version` and `ConnectAs.name` make the application_name. */
export function postgresDatabases(options: DatabasesOptions): Databases {
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
      return remember(session, commonPart(session));
    },
    async target(connection, as) {
      const session = await open('target', connection, as);
      return remember(session, targetPart(session, options.chunkTimeoutMs ?? CHUNK_TIMEOUT_MS));
    },
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan),
  };
}
