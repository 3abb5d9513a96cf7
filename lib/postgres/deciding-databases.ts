import type { TypeName } from '../model/conflict.ts';
import type { Shapes } from '../model/shape.ts';
import type { DecidingDatabases, DecidingTarget, Opened, RowsDatabase, TellingTarget } from '../ports.ts';
import { basesOf } from './base-rows.ts';
import { conflictsOf, refreshConflicts } from './conflicts.ts';
import { loadPlans } from './control.ts';
import { enumLabels } from './enum-labels.ts';
import { mergeRows } from './merge.ts';
import { opened, sessionOf } from './opened.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { resolveConflicts } from './resolve.ts';
import { rowsPart } from './rows.ts';
import type { Session } from './session.ts';
import { shapesOf } from './shapes.ts';
import { AS_REPLICA, BY_INDEX } from './sql.ts';
import { tellingPart } from './telling.ts';

/** Decisions about conflicts, in the target. */
export function decidingPart(session: Session): Omit<DecidingTarget, keyof (RowsDatabase & TellingTarget)> {
  return {
    loadPlans: (...args) => loadPlans(session, ...args),
    bases: (plan, keys) => session.transaction(() => basesOf(session, plan, keys), BY_INDEX),
    merge: (plan, rows) => mergeRows(session, plan, rows),
    conflictsOf: (ids) => conflictsOf(session, ids),
    resolve: (resolutions, source) =>
      session.transaction(
        () => resolveConflicts(session, sessionOf(source), resolutions),
        [BY_INDEX, ...(resolutions[0].suppressTriggers ? [AS_REPLICA] : [])].join('; '),
      ),
    refreshConflicts: (refreshes) => refreshConflicts(session, refreshes),
  };
}

/** The databases behind real connections, for those who decide conflicts and do no other work. */
export function decidingDatabases(options: OpeningOptions): DecidingDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      return opened(session, rowsPart(session));
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return opened(session, { ...rowsPart(session), ...tellingPart(session), ...decidingPart(session) });
    },
  };
}

/** Labels of enums; apart from the ports for the same reason as `drawShapes`. */
export function readLabels(database: Opened, types: readonly TypeName[]): Promise<readonly (readonly string[])[]> {
  return enumLabels(sessionOf(database), types);
}

/** Geometries given as text, drawn and measured by this server; apart from the ports, because one function alone draws. */
export function drawShapes(
  database: Opened,
  kind: 'geometry' | 'geography',
  values: readonly (string | null)[],
): Promise<Shapes | undefined> {
  return shapesOf(sessionOf(database), kind, values);
}
