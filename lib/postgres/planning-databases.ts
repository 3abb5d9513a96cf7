import type { Database, PlanningDatabase, PlanningDatabases, PlanningSource, PlanningTarget } from '../ports.ts';
import { catalogPart } from './command-databases.ts';
import { countOpen } from './conflicts.ts';
import * as control from './control.ts';
import { raiseEpoch } from './epoch.ts';
import { generations, nextGeneration } from './generations.ts';
import { sourceClock, storageOf, windowFacts } from './horizon.ts';
import { opened, sessionOf } from './opened.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { planSegments, type SegmentSizes } from './planner.ts';
import { probeRow } from './probe.ts';
import { listQuarantined } from './quarantine-list.ts';
import { loadQuiet } from './quiet-memory.ts';
import { ruleReader } from './rule-reader.ts';
import { countScope } from './scope-rows.ts';
import type { Session } from './session.ts';
import { snapshotText } from './snapshot.ts';
import { endInSource, raiseInSource, writing } from './source-commands.ts';
import { keepShapes } from './table-shape.ts';
import { tellingPart } from './telling.ts';
import { touchSignals } from './touch.ts';
import { loadWatermarks } from './watermarks.ts';

/** What a plan is made of, of either end. */
export function planningPart(session: Session): PlanningDatabase {
  return {
    ...catalogPart(session),
    scopeRows: (side) => countScope(session, side),
    snapshot: () => snapshotText(session),
    clock: () => sourceClock(session),
    storage: (tables) => storageOf(session, tables),
    touchSignals: (tables) => touchSignals(session, tables),
    windowFacts: (plan, window) => windowFacts(session, plan, window),
    probe: (columns, form) => probeRow(session, columns, form),
  };
}

/** What of earlier jobs a plan goes by, and where it is put. */
export function plannedPart(session: Session): Omit<PlanningTarget, keyof Database> {
  return {
    ...tellingPart(session),
    listQuarantined: (...args) => listQuarantined(session, ...args),
    countOpenConflicts: (jobId) => countOpen(session, jobId),
    raiseEpoch: (...args) => raiseEpoch(session, ...args),
    isPrepared: (jobId) => control.isPrepared(session, jobId),
    storePlans: (...args) => control.storePlans(session, ...args),
    loadPlans: (...args) => control.loadPlans(session, ...args),
    loadProgress: (...args) => control.loadProgress(session, ...args),
    keepShapes: (...args) => keepShapes(session, ...args),
    generations: (pair) => generations(session, pair),
    nextGeneration: () => nextGeneration(session),
    watermarks: (wanted) => loadWatermarks(session, wanted),
    quietTables: (wanted) => loadQuiet(session, wanted),
  };
}

/** Of a source that the job writes to; `session` is one whose transactions write. */
const sourcePart = (session: Session): NonNullable<PlanningSource['writer']> => ({
  raiseEpoch: (...args) => raiseInSource(session, ...args),
  endJob: (...args) => endInSource(session, ...args),
});

/** The databases behind real connections, for the step that plans a job and moves no row of it. */
export function planningDatabases(options: OpeningOptions & { readonly sizes?: SegmentSizes }): PlanningDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      const writer = as.writes && { writer: sourcePart(writing(session)) };
      return opened(session, { ...planningPart(session), ...writer });
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return opened(session, { ...planningPart(session), ...plannedPart(session) });
    },
    rules: ruleReader(sessionOf),
    planSegments: (source, target, plan) => planSegments(sessionOf(source), sessionOf(target), plan, options.sizes),
  };
}
