import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../local/postgres.ts';

/** What tests know of the cluster: a superuser URL and the prefix of every database this run makes. */
export interface TestCluster {
  readonly url: string;
  readonly prefix: string;
  /** What `create database` is best told here, or nothing. */
  readonly copy: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    cluster: TestCluster;
  }
}

interface Running {
  readonly url: string;
  readonly copy: string;
  readonly end: () => Promise<void>;
}

const FOLDER = 'tfsync-test-pg-';
const MEMORY = '/dev/shm';
/** A run leaves some 3 GB there at most: 2 GB of log, templates, and the databases of two files. */
const ROOM_BYTES = 8 * 2 ** 30;
let shared: { cluster: Promise<Running>; users: number } | undefined;

/**
 * vitest's global setup: one throw-away server for the whole run, whatever the number of projects (0.7 s).
 *
 * TEST_POSTGRES_URL names another server instead (its user must be a superuser); the databases made there are dropped.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const slot = globalThis as { tfsyncTestCluster?: typeof shared }; // each project loads this module anew
  slot.tfsyncTestCluster ??= { cluster: start(), users: 0 };
  const mine = slot.tfsyncTestCluster;
  mine.users += 1;

  const prefix = `tfsync_${process.pid}_`;
  const { url, copy, end } = await mine.cluster;
  project.provide('cluster', { url, prefix, copy });

  return async () => {
    mine.users -= 1;
    if (mine.users > 0) return;
    delete slot.tfsyncTestCluster;
    if (process.env.TEST_POSTGRES_URL) await dropAll(url, prefix);
    await end();
  };
}

async function start(): Promise<Running> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return { url: given, copy: '', end: async () => {} };

  await removeLeftovers();
  const inMemory = hasRoom(MEMORY);
  const dataDir = join(inMemory ? MEMORY : tmpdir(), `${FOLDER}${process.pid}`);
  const postgres = await startPostgres({
    dataDir,
    settings: {
      max_connections: '200', // two services, one of them with 26 workers, and the tests
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      max_prepared_transactions: '10',
      max_wal_size: '2GB',
      wal_level: 'logical',
      max_replication_slots: '60',
    },
  });
  await cheapSignIn(postgres.url('postgres'));
  const end = async () => {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { url: postgres.url('postgres'), copy: inMemory ? 'strategy file_copy' : '', end };
}

/** The same password, hashed once instead of 4,096 times: a run signs in some 50,000 times, and both ends hash. */
async function cheapSignIn(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query('set scram_iterations = 1');
  await admin.query(`alter role current_user password ${pg.escapeLiteral(decodeURIComponent(new URL(url).password))}`);
  await admin.end();
}

/**
 * Whether a memory file system has room for the cluster. There a pair of databases is made and dropped in 40 ms instead of
 * 170 (copied as files, without log), which was a sixth of the whole run.
 */
function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

// A run that was killed leaves its server running. The folder's name says whose it was.
async function removeLeftovers(): Promise<void> {
  const folders = [MEMORY, tmpdir()].filter((folder) => existsSync(folder));
  const found = folders.flatMap((folder) => readdirSync(folder).map((name) => ({ name, dataDir: join(folder, name) })));
  for (const { name, dataDir } of found) {
    if (!name.startsWith(FOLDER) || isRunning(Number(name.slice(FOLDER.length)))) continue;
    const old = await startPostgres({ dataDir }).catch(() => undefined); // another run may be removing it
    await old?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function dropAll(url: string, prefix: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  const like = `${prefix.replaceAll('_', '\\_')}%`;
  const { rows } = await admin.query('select datname from pg_database where datname like $1', [like]);
  for (const { datname } of rows) {
    await admin.query(`alter database ${pg.escapeIdentifier(datname)} is_template false`);
    await admin.query(`drop database ${pg.escapeIdentifier(datname)} with (force)`);
  }
  await admin.end();
}
