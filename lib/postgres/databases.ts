import type { Database, Databases, SourceWriter, TargetDatabase } from '../ports.ts';
import { commandPart } from './command-databases.ts';
import * as conflicts from './conflicts.ts';
import * as control from './control.ts';
import { decidingPart } from './deciding-databases.ts';
import { logBook, logPart } from './following-databases.ts';
import { completeGenerations } from './generations.ts';
import { opened, sessionOf } from './opened.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { planSegments, type SegmentSizes } from './planner.ts';
import { plannedPart, planningPart } from './planning-databases.ts';
import { rowsPart } from './rows.ts';
import { raiseSequences, sequenceStates } from './sequences.ts';
import type { Session } from './session.ts';
import { endInSource, sourceCommands, writing } from './source-commands.ts';
import { backPart, workPart } from './work-databases.ts';

function commonPart(session: Session): Database {
  return {
    ...planningPart(session),
    ...rowsPart(session),
    sequences: (table) => sequenceStates(session, table),
    ...logPart(session),
  };
}

/** The writing side of a source. */
function sourceWriter(reading: Session, chunkTimeoutMs?: number): SourceWriter {
  const session = writing(reading);
  return {
    ...sourceCommands(session),
    ...backPart(reading, chunkTimeoutMs),
    endJob: (...args) => endInSource(session, ...args),
    raiseSequences: (table, atLeast) => session.transaction(() => raiseSequences(session, table, atLeast)),
  };
}

function targetPart(session: Session, chunkTimeoutMs?: number): TargetDatabase {
  return {
    ...commonPart(session),
    ...commandPart(session),
    ...plannedPart(session),
    ...workPart(session, chunkTimeoutMs),
    ...decidingPart(session),
    recordEvent: (...args) => control.recordEvent(session, ...args),
    endJob: (...args) => control.endJob(session, ...args),
    ...logBook(session),
    completeGenerations: (...args) => completeGenerations(session, ...args),
    unseenConflicts: (...args) => conflicts.unseenConflicts(session, ...args),
    settleConflicts: (...args) => conflicts.settleConflicts(session, ...args),
    raiseSequences: (table, atLeast) => raiseSequences(session, table, atLeast),
  };
}

export interface PostgresOptions extends OpeningOptions {
  /** Default: SEGMENT_SIZES. */
  readonly sizes?: SegmentSizes;
  /** Longest time a statement of a chunk may take; default 30 s. */
  readonly chunkTimeoutMs?: number;
}

/** The databases behind real connections, for those who plan, work, decide and settle. */
export function postgresDatabases(options: PostgresOptions): Databases {
  const open = opener(options);
  return {
    async source(connection, as) {
      const session = await open('source', connection, as);
      const writer = as.writes && { writer: sourceWriter(session, options.chunkTimeoutMs) };
      return opened(session, { ...commonPart(session), ...writer });
    },
    async target(connection, as) {
      const session = await open('target', connection, as);
      return opened(session, targetPart(session, options.chunkTimeoutMs));
    },
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan, options.sizes),
  };
}
