import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Postgres, startPostgres } from '../../local/postgres.ts';
import { cpuSeconds } from './cpu-time.ts';

/** As the reference figures were measured: everything in cache, durable, no checkpoint in the middle of a run. */
const SETTINGS = {
  fsync: 'on',
  shared_buffers: '1GB',
  work_mem: '64MB',
  maintenance_work_mem: '512MB',
  max_wal_size: '8GB',
  min_wal_size: '2GB',
  checkpoint_timeout: '30min',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'top',
} as const;

/** The server of one bench, with databases that are made once and copied for each run. */
export interface Cluster extends AsyncDisposable {
  url(database: string): string;
  /** CPU seconds used so far by the server and all its processes. */
  cpuSeconds(): number;
  /** A client in the limits' settings: no JIT, one process a query. The caller ends it. */
  connect(database: string): Promise<pg.Client>;
  /** Runs work with a client that is ended afterwards. */
  use<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T>;
  exists(database: string): Promise<boolean>;
  drop(database: string): Promise<void>;
  /** Makes `database` anew, as a copy of the files of `template`, and writes everything out. */
  copy(template: string, database: string): Promise<void>;
}

/** Starts an embedded server, in `folder` (kept, with its data) or in one of its own that is removed at the end. */
export async function startCluster(folder?: string): Promise<Cluster> {
  const dataDir = folder ?? join(tmpdir(), `tfsync-bench-pg-${process.pid}`);
  const postgres = await startPostgres({ dataDir, settings: SETTINGS });
  const cluster = withDatabases(postgres);
  return {
    ...cluster,
    [Symbol.asyncDispose]: async () => {
      await postgres.stop();
      if (folder !== undefined) return;
      rmSync(postgres.home, { recursive: true, force: true });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function withDatabases(postgres: Postgres): Omit<Cluster, typeof Symbol.asyncDispose> {
  const connect = async (database: string) => {
    const client = new pg.Client({
      connectionString: postgres.url(database),
      options: '-c jit=off -c max_parallel_workers_per_gather=0',
    });
    client.on('error', () => {}); // the next query reports it
    await client.connect();
    return client;
  };
  const use = async <T>(database: string, work: (client: pg.Client) => Promise<T>) => {
    const client = await connect(database);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const drop = (database: string) =>
    use('postgres', async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
    });
  return {
    url: (database) => postgres.url(database),
    cpuSeconds: () =>
      cpuSeconds(Number(readFileSync(join(postgres.home, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])),
    connect,
    use,
    drop,
    exists: (database) =>
      use('postgres', async (admin) => {
        const found = await admin.query('select from pg_database where datname = $1', [database]);
        return found.rows.length > 0;
      }),
    async copy(template, database) {
      await drop(database);
      await use('postgres', async (admin) => {
        const names = [database, template].map((name) => pg.escapeIdentifier(name));
        await admin.query(`create database ${names[0]} template ${names[1]} strategy file_copy`);
        await admin.query('checkpoint');
      });
    },
  };
}
