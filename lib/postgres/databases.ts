import { fp } from '../failpoint.ts';
import type { Connection, Side } from '../model/connection.ts';
import type { TlsPolicy } from '../model/tls.ts';
import type { Chunk, ConnectAs, CopyChunk, Database, Databases, TargetDatabase } from '../ports.ts';
import { advance, claimSegment, fence, notedBuckets } from './checkpoint.ts';
import * as control from './control.ts';
import { copyRun } from './copy.ts';
import { raiseEpoch, shareEpoch } from './epoch.ts';
import { uniqueHolders } from './holders.ts';
import { introspect, serverFacts } from './introspect.ts';
import { keyClashes } from './key-clashes.ts';
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
async function commit(session: Session, chunk: Chunk): Promise<void> {
  const settings = [shareEpoch(chunk.id.jobId), BY_INDEX, ...(chunk.suppressTriggers ? [AS_REPLICA] : [])].join('; ');
  await session.transaction(async () => {
    await fence(session, chunk.id, chunk.owner, chunk.seq - 1);
    await fp('fence.ok');
    const rows = await applyChanges(session, chunk.plan, chunk.changes);
    await fp('rows.all');
    await release(session, chunk.id, chunk.release ?? []);
    const applied = { ...rows, quarantined: await quarantine(session, chunk.id, chunk.quarantine ?? []) };
    await advance(session, chunk.id, chunk.seq, chunk.advance(applied));
  }, settings);
}

/** The same for rows that are piped through. */
async function commitCopy(source: Session, target: Session, chunk: CopyChunk): Promise<void> {
  const settings = [shareEpoch(chunk.id.jobId), ...(chunk.suppressTriggers ? [AS_REPLICA] : [])].join('; ');
  await target.transaction(async () => {
    await fence(target, chunk.id, chunk.owner, chunk.seq - 1);
    await fp('fence.ok');
    const inserted = await copyRun(source, target, chunk.plan, chunk.segment, chunk.run);
    await fp('rows.all');
    await advance(target, chunk.id, chunk.seq, chunk.advance({ inserted, updated: 0, deleted: 0, quarantined: 0 }));
  }, settings);
}

function targetPart(session: Session): TargetDatabase {
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
    commit: (chunk) => commit(session, chunk),
    copy: (chunk, source) => commitCopy(sessionOf(source), session, chunk),
    uniqueHolders: (plan, rows) => session.transaction(() => uniqueHolders(session, plan, rows), BY_INDEX),
    quarantined: (jobId, table) => quarantinedKeys(session, jobId, table),
    raiseSequences: (table, atLeast) => raiseSequences(session, table, atLeast),
  };
}

/** The databases behind real connections. `version` and `ConnectAs.name` make the application_name. */
export function postgresDatabases(options: { readonly tlsPolicy: TlsPolicy; readonly version: string }): Databases {
  const open = (side: Side, connection: Connection, as: ConnectAs) =>
    openSession(connection, {
      side,
      applicationName: `terrafusion-sync/${options.version} ${as.name}`.slice(0, 63),
      tlsPolicy: options.tlsPolicy,
      statementTimeoutMs: as.statementTimeoutMs,
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
      return remember(session, targetPart(session));
    },
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan),
  };
}
