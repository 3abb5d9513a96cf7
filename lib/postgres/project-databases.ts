import type { Connection } from '../model/connection.ts';
import type { ConnectAs, ProjectDatabase } from '../ports.ts';
import { catalogPart } from './command-databases.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { countScope } from './scope-rows.ts';
import { unindexed } from './unindexed.ts';

/** Both ends for the function that plans projects: catalogs and counts. Nothing is written to either. */
export function projectDatabases(options: OpeningOptions) {
  const open = opener(options);
  const looking =
    (side: 'source' | 'target') =>
    async (connection: Connection, as: ConnectAs): Promise<ProjectDatabase> => {
      const session = await open(side, connection, as);
      return {
        ...catalogPart(session),
        unindexed: (asked) => unindexed(session, asked),
        scopeRows: (scope) => session.transaction(() => countScope(session, scope), 'set transaction read only'),
      };
    };
  return { source: looking('source'), target: looking('target') };
}
