import type { QuarantineDatabases } from '../ports.ts';
import { catalogPart, commandPart } from './command-databases.ts';
import { loadPlans } from './control.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { listQuarantined, valuesOf } from './quarantine-list.ts';
import { sourceCommands, writing } from './source-commands.ts';

/** The databases behind real connections, for those who look at rows that were put aside, or try them again. */
export function quarantineDatabases(options: OpeningOptions): QuarantineDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      return {
        ...catalogPart(session),
        ...(as.writes && { writer: sourceCommands(writing(session)) }),
        valuesOf: (...args) => valuesOf(session, ...args),
      };
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return {
        ...catalogPart(session),
        ...commandPart(session),
        loadPlans: (...args) => loadPlans(session, ...args),
        listQuarantined: (...args) => listQuarantined(session, ...args),
      };
    },
  };
}
