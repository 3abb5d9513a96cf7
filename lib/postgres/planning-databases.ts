import type { Database, PlanningDatabase, PlanningDatabases, PlanningTarget } from '../ports.ts';
import { catalogPart } from './command-databases.ts';
import * as control from './control.ts';
import { raiseEpoch } from './epoch.ts';
import { generations, nextGeneration } from './generations.ts';
import { sourceClock, storageOf, windowFacts } from './horizon.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { planSegments, type SegmentSizes } from './planner.ts';
import { probeRow } from './probe.ts';
import type { Session } from './session.ts';
import { snapshotText } from './snapshot.ts';
import { sourceCommands, writing } from './source-commands.ts';
import { keepShapes } from './table-shape.ts';
import { loadWatermarks } from './watermarks.ts';

/** What a plan is made of, of either end. */
export function planningPart(session: Session): PlanningDatabase {
  return {
    ...catalogPart(session),
    snapshot: () => snapshotText(session),
    clock: () => sourceClock(session),
    storage: (tables) => storageOf(session, tables),
    windowFacts: (plan, window) => windowFacts(session, plan, window),
    probe: (columns, form) => probeRow(session, columns, form),
  };
}

/** What of earlier jobs a plan goes by, and where it is put. */
export function plannedPart(session: Session): Omit<PlanningTarget, keyof Database> {
  return {
    raiseEpoch: (...args) => raiseEpoch(session, ...args),
    isPrepared: (jobId) => control.isPrepared(session, jobId),
    storePlans: (...args) => control.storePlans(session, ...args),
    loadPlans: (...args) => control.loadPlans(session, ...args),
    loadProgress: (...args) => control.loadProgress(session, ...args),
    keepShapes: (...args) => keepShapes(session, ...args),
    generations: (pair) => generations(session, pair),
    nextGeneration: () => nextGeneration(session),
    watermarks: (wanted) => loadWatermarks(session, wanted),
  };
}

/** The databases behind real connections, for the step that plans a job and moves no row of it. */
export function planningDatabases(options: OpeningOptions & { readonly sizes?: SegmentSizes }): PlanningDatabases {
  const open = opener(options);
  const sessions = new WeakMap<PlanningDatabase, Session>();
  const remember = <D extends PlanningDatabase>(session: Session, database: D): D => {
    sessions.set(database, session);
    return database;
  };
  const sessionOf = (database: PlanningDatabase) => {
    const session = sessions.get(database);
    if (!session) throw new TypeError('this database was not opened here');
    return session;
  };
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      const writer = as.writes && { writer: sourceCommands(writing(session)) };
      return remember(session, { ...planningPart(session), ...writer });
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return remember(session, { ...planningPart(session), ...plannedPart(session) });
    },
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan, options.sizes),
  };
}
