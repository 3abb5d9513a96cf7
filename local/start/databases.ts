import { existsSync } from 'node:fs';
import type { DataDir } from '../data-dir.ts';
import { createDemo } from '../demo/create-demo.ts';
import { startPostgres } from '../postgres.ts';
import { phase } from './phase.ts';

/** The two databases of a run: the user's own, or the demo county's. */
export interface Databases {
  readonly source: string;
  readonly target: string;
  /** Where to look at the demo; absent for the user's own databases. */
  readonly demo?: {
    readonly host: string;
    readonly port: number;
    readonly names: readonly [string, string];
    readonly passwordFile: string;
  };
  stop(): Promise<void>;
}

const FOLDER = 'postgres';

/** So that detection_strategy cdc can be tried; the log is a little larger for it. */
const SETTINGS = { wal_level: 'logical' } as const;

/** Starts embedded PostgreSQL with the demo county in it. Databases that are there from an earlier start stay as they are. */
export async function startDemoDatabases(dataDir: DataDir, scale: number | undefined): Promise<Databases> {
  const postgres = await phase('Starting embedded PostgreSQL', () =>
    startPostgres({ dataDir: dataDir.path(FOLDER), settings: SETTINGS }),
  );
  try {
    const demo = await phase('Making sure of the demo county', () =>
      createDemo(postgres, scale === undefined ? {} : { scale }),
    );
    return {
      source: demo.sourceUrl,
      target: demo.targetUrl,
      demo: {
        host: postgres.host,
        port: postgres.port,
        names: [demo.sourceDatabase, demo.targetDatabase],
        passwordFile: `${postgres.home}/password`,
      },
      stop: () => postgres.stop(),
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/**
 * Takes over the PostgreSQL server that a killed `npm start` left running here, so that an interrupted job of the demo
 * county can go on; otherwise does nothing. Returns what ends it.
 */
export async function adoptLeftoverPostgres(dataDir: DataDir): Promise<() => Promise<void>> {
  if (!existsSync(dataDir.path(FOLDER, 'cluster', 'postmaster.pid'))) return async () => {};
  const postgres = await startPostgres({ dataDir: dataDir.path(FOLDER), settings: SETTINGS });
  return () => postgres.stop();
}
