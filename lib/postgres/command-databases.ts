import type { CatalogDatabase, CommandDatabases, CommandTarget } from '../ports.ts';
import * as control from './control.ts';
import { raiseEpoch } from './epoch.ts';
import { introspect, serverFacts } from './introspect.ts';
import { keyClashes } from './key-clashes.ts';
import { dictionary, readAs } from './mapping-reads.ts';
import { seesMark, withMark } from './mark.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { reopenJob } from './reopen.ts';
import { hasRoots } from './scope-roots.ts';
import type { Session } from './session.ts';
import { sourceCommands, writing } from './source-commands.ts';
import { streamFacts } from './stream-facts.ts';
import { lastShapes, tableShapes } from './table-shape.ts';

/** What is asked of either end without reading its rows one by one. */
export function catalogPart(session: Session): CatalogDatabase {
  return {
    facts: () => serverFacts(session),
    introspect: () => introspect(session),
    withMark: (work) => withMark(session, work),
    seesMark: (mark) => seesMark(session, mark),
    keyClashes: (table, key) => keyClashes(session, table, key),
    hasRoots: (roots) => hasRoots(session, roots),
    readAs: (values) => readAs(session, values),
    dictionary: (table, columns, limit) => dictionary(session, table, columns, limit),
    shapes: (tables) => tableShapes(session, tables),
    streamFacts: (name, tables) => streamFacts(session, name, tables),
    close: () => session.end(),
  };
}

/** Commands about a job, in the target. */
export function commandPart(session: Session): Omit<CommandTarget, keyof CatalogDatabase> {
  return {
    takeLease: (...args) => control.takeLease(session, ...args),
    dropJob: (...args) => control.dropJob(session, ...args),
    raiseEpoch: (...args) => raiseEpoch(session, ...args),
    reopen: (...args) => reopenJob(session, ...args),
    lastShapes: (...args) => lastShapes(session, ...args),
  };
}

/** The databases behind real connections, for functions that move no row: half of the engine stays out of their bundles. */
export function commandDatabases(options: OpeningOptions): CommandDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      return { ...catalogPart(session), ...(as.writes && { writer: sourceCommands(writing(session)) }) };
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return { ...catalogPart(session), ...commandPart(session) };
    },
  };
}
