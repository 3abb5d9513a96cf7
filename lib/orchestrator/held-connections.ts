import type { Connection } from '../model/connection.ts';
import type { ConnectAs, ConnectionPair, DecidingDatabases, RowsDatabase, SecretStore } from '../ports.ts';

/** Ports whose connections stay open for the next who asks for the same, until `release`. */
export interface HeldConnections {
  readonly databases: DecidingDatabases;
  readonly secrets: SecretStore;
  release(): Promise<void>;
}

const nameOf = (side: string, { host, port, database, user }: Connection, as: ConnectAs): string =>
  JSON.stringify([side, host, port, database, user, as.name, as.statementTimeoutMs, as.writes]);

/**
 * For many short pieces of work over the same few pairs, one after another: a connection costs more than a decision. Whoever
 * closes one of these gives it back. Not for work side by side: two would share a session.
 */
export function holdConnections(ports: {
  readonly databases: DecidingDatabases;
  readonly secrets: SecretStore;
}): HeldConnections {
  const open = new Map<string, { readonly database: RowsDatabase; readonly close: () => Promise<void> }>();
  const pairs = new Map<string, ConnectionPair>();

  async function held<D extends RowsDatabase>(name: string, connect: () => Promise<D>): Promise<D> {
    const known = open.get(name);
    if (known) return known.database as D; // the name says which side it is
    const database = await connect();
    open.set(name, { database, close: database.close.bind(database) });
    return Object.assign(database, { close: async () => undefined });
  }

  return {
    databases: {
      source: (connection, as) => held(nameOf('source', connection, as), () => ports.databases.source(connection, as)),
      target: (connection, as) => held(nameOf('target', connection, as), () => ports.databases.target(connection, as)),
    },
    secrets: {
      put: (jobId, pair) => ports.secrets.put(jobId, pair),
      remove: (ref) => ports.secrets.remove(ref),
      maskKey: (pair, fresh) => ports.secrets.maskKey(pair, fresh),
      get: async (ref) => {
        const pair = pairs.get(ref) ?? (await ports.secrets.get(ref));
        pairs.set(ref, pair);
        return pair;
      },
    },
    async release() {
      const all = [...open.values()];
      open.clear();
      pairs.clear();
      await Promise.all(all.map(({ close }) => close().catch(() => undefined))); // one that broke is closed already
    },
  };
}
