import type { Connection } from '../model/connection.ts';
import type { CheckingDatabase, ConnectAs, ProjectDatabase } from '../ports.ts';
import { catalogPart } from './command-databases.ts';
import { leaseHolders } from './lease.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { connectionRoom } from './room.ts';
import { countScope } from './scope-rows.ts';
import { unindexed } from './unindexed.ts';

/** Both ends for the function that plans projects and checks pairs: catalogs and counts. Nothing is written to either. */
export function projectDatabases(options: OpeningOptions) {
  const open = opener(options);
  const looking =
    (side: 'source' | 'target') =>
    async (connection: Connection, as: ConnectAs): Promise<ProjectDatabase & CheckingDatabase> => {
      const session = await open(side, connection, as);
      return {
        ...catalogPart(session),
        room: () => connectionRoom(session),
        leaseHolders: (tables) => leaseHolders(session, tables),
        unindexed: (asked) => unindexed(session, asked),
        scopeRows: (scope) => session.transaction(() => countScope(session, scope), 'set transaction read only'),
      };
    };
  return { source: looking('source'), target: looking('target') };
}
