import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { type Account, type Binaries, findBinaries, makeHome, serverAccount } from './postgres/place.ts';
import { isAlive, processesOf, signal, until } from './postgres/process.ts';

export interface PostgresOptions {
  /** Folder of the cluster; made when missing. Holds `cluster/`, `password` (0600), `port` and `postgres.log`. */
  readonly dataDir: string;
  /** Default: the port of the last start in this folder if it is still free, else a free one. */
  readonly port?: number;
  /** Server settings beside or instead of `DEFAULT_SETTINGS`, e.g. `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a server that was found may take to answer, before it is ended. */
  readonly answerLimitMs?: number;
  /** How long the server may take to end in good order, before it is ended the hard way. */
  readonly endLimitMs?: number;
}

/** A running server. The superuser is `postgres`, by password (SCRAM), over TCP on 127.0.0.1 only. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where the cluster really is: `dataDir`, or a folder in the temporary directory when root's server cannot reach it. */
  readonly home: string;
  /** True when a server that was left running by an earlier process was taken over. */
  readonly adopted: boolean;
  /** The connection string of a database, with password. */
  url(database: string): string;
  /** Ends the server in fast mode (open sessions are cut) and waits until no process of it is left. Repeatable. */
  stop(): Promise<void>;
}

export const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_connections: '100',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // row values and statements stay out of the log
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
};

const HOST = '127.0.0.1';
const USER = 'postgres';
const START_LIMIT_MS = 60_000; // recovery after a crash included
const ANSWER_LIMIT_MS = 3000;
const END_LIMIT_MS = 10_000;

/**
 * Runs an embedded PostgreSQL 18 (UTF-8, code point order on every platform) in `dataDir`.
 *
 * Adopts the server that a killed process left running there when it answers and has the same settings; ends it
 * otherwise. One process at a time may own a `dataDir`: the caller sees to that. First start 0.7 s, later ones 0.1 s.
 * The port stays the same from start to start while it is free, so connection strings stay valid.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const account = serverAccount();
  const place = new Place(makeHome(options.dataDir, account), account);
  const binaries = await findBinaries(account);
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const endLimitMs = options.endLimitMs ?? END_LIMIT_MS;

  if (!place.isInitialised()) await initialise(place, binaries, endLimitMs);
  const found = await adopt(place, settings, options);
  if (found) return running(place, found.port, { pid: found.pid, adopted: true, endLimitMs });

  await endLeftovers(place, endLimitMs);
  const start = (port: number) => launch(place, binaries, settings, port);
  const { port, child } = await (options.port === undefined
    ? start(await place.lastPort()).catch(async (error: Error) => {
        if (!error.message.includes('could not bind')) throw error;
        return start(await freePort()); // somebody took it between our look and the start
      })
    : start(options.port));
  return running(place, port, { pid: child.pid as number, adopted: false, endLimitMs }); // it has started, so it has a pid
}

/** The files of one cluster. */
class Place {
  readonly home: string;
  readonly account: Account | undefined;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly logFile: string;

  constructor(home: string, account: Account | undefined) {
    this.home = home;
    this.account = account;
    this.cluster = join(home, 'cluster');
    this.passwordFile = join(home, 'password');
    this.logFile = join(home, 'postgres.log');
  }

  isInitialised(): boolean {
    return existsSync(join(this.home, 'initialised'));
  }

  password(): string {
    return readFileSync(this.passwordFile, 'utf8').trim();
  }

  write(name: string, text: string): void {
    const path = join(this.home, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (this.account) chownSync(path, this.account.uid, this.account.gid);
  }

  /** What the file says; undefined when it is not there, which a server that ends may bring about at any moment. */
  read(name: string): string | undefined {
    try {
      return readFileSync(join(this.home, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** What postmaster.pid says; line 4 is the port, line 8 the state. */
  postmaster(): { pid: number; port: number; ready: boolean } | undefined {
    const lines = this.read('cluster/postmaster.pid')?.split('\n');
    if (!lines?.[3]) return undefined;
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  }

  processes(): readonly number[] {
    return existsSync(this.cluster) ? processesOf(realpathSync(this.cluster), this.postmaster()?.pid) : [];
  }

  async lastPort(): Promise<number> {
    const port = Number(this.read('port') ?? 0);
    return port > 0 && (await isFree(port)) ? port : freePort();
  }

  spawn(command: string, args: readonly string[], output: number): ChildProcess {
    return spawn(command, args, {
      ...this.account,
      cwd: this.home,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }, // no PG* variable reaches the server
      stdio: ['ignore', output, output],
      detached: true, // a Ctrl-C in the terminal is for us; the server ends when we say so
    });
  }
}

async function initialise(place: Place, binaries: Binaries, endLimitMs: number): Promise<void> {
  await endLeftovers(place, endLimitMs);
  rmSync(place.cluster, { recursive: true, force: true }); // what a start that was cut short has left
  place.write('password', `${randomBytes(24).toString('base64url')}\n`);
  const log = openSync(place.logFile, 'w', 0o600);
  // the builtin provider sorts and folds UTF-8 alike on every system, whatever locales it has
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${USER}`, `--pwfile=${place.passwordFile}`, '--auth=scram-sha-256'];
  const child = place.spawn(
    binaries.initdb,
    [`--pgdata=${place.cluster}`, ...access, ...locale, '--no-sync', '--no-instructions'],
    log,
  );
  const [code] = await once(child, 'close');
  closeSync(log);
  if (code !== 0)
    throw new Error(`initdb failed (${code}): ${tail(place.logFile)}\nAfter npm ci --ignore-scripts run npm rebuild.`);
  place.write('initialised', `${new Date().toISOString()}\n`);
}

/** A server that still runs in this cluster, answers, and is as asked; undefined when there is none. */
async function adopt(place: Place, settings: Readonly<Record<string, string>>, options: PostgresOptions) {
  const found = place.postmaster();
  if (!found?.ready || !place.processes().includes(found.pid)) return undefined;
  if (options.port !== undefined && options.port !== found.port) return undefined;
  if (place.read('settings.json') !== JSON.stringify(settings)) return undefined;
  return (await answers(place, found.port, options.answerLimitMs ?? ANSWER_LIMIT_MS)) ? found : undefined;
}

async function answers(place: Place, port: number, limitMs: number): Promise<boolean> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: USER,
    password: place.password(),
    database: 'postgres',
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query('show data_directory');
    return rows[0].data_directory === realpathSync(place.cluster);
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Ends every process of the cluster that nobody owns any more, then removes its lock file. */
async function endLeftovers(place: Place, limitMs: number): Promise<void> {
  const gone = () => place.processes().length === 0;
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const pids = place.processes();
    if (pids.length === 0) break;
    const lead = place.postmaster()?.pid;
    // children end with their postmaster; alone they are told themselves
    for (const pid of pids.filter(
      (p) => name === 'SIGKILL' || lead === undefined || !pids.includes(lead) || p === lead,
    )) {
      signal(pid, name);
    }
    if (await until(gone, name === 'SIGKILL' ? END_LIMIT_MS : limitMs)) break;
  }
  if (!gone()) throw new Error(`Processes ${place.processes().join(', ')} of ${place.cluster} cannot be ended.`);
  // its number may be another program's by now, and PostgreSQL would then refuse to start
  rmSync(join(place.cluster, 'postmaster.pid'), { force: true });
}

async function launch(place: Place, binaries: Binaries, settings: Readonly<Record<string, string>>, port: number) {
  const own = { listen_addresses: HOST, unix_socket_directories: '', port: String(port) };
  const args = Object.entries({ ...settings, ...own }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  place.write('settings.json', JSON.stringify(settings));
  place.write('port', `${port}\n`);
  const log = openSync(place.logFile, 'w', 0o600);
  const child = place.spawn(binaries.postgres, ['-D', place.cluster, ...args], log);
  closeSync(log);
  child.on('error', () => {}); // seen as an early end below

  const ended = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const ready = () => {
    const state = place.postmaster();
    return state?.ready === true && state.pid === child.pid;
  };
  await until(() => ended() || ready(), START_LIMIT_MS);
  if (ended() || !ready() || !(await answers(place, port, START_LIMIT_MS))) {
    child.kill('SIGQUIT');
    throw new Error(`PostgreSQL did not start on ${HOST}:${port}: ${tail(place.logFile)}`);
  }
  child.unref();
  return { port, child };
}

function running(place: Place, port: number, server: { pid: number; adopted: boolean; endLimitMs: number }): Postgres {
  const password = place.password();
  const lastChance = () => signal(server.pid, 'SIGINT'); // when the process ends without stop()
  process.once('exit', lastChance);
  let stopping: Promise<void> | undefined;
  return {
    host: HOST,
    port,
    user: USER,
    password,
    home: place.home,
    adopted: server.adopted,
    url: (database) =>
      `postgresql://${USER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}?sslmode=disable`,
    stop: () => {
      stopping ??= stop(place, server).finally(() => process.off('exit', lastChance));
      return stopping;
    },
  };
}

async function stop(place: Place, { pid, endLimitMs }: { pid: number; endLimitMs: number }): Promise<void> {
  // only our own server: another start may have taken the place of one that died
  if (place.postmaster()?.pid === pid || isAlive(pid)) await endLeftovers(place, endLimitMs);
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-15).join('\n').trim() : '(no log)';
}

function freePort(): Promise<number> {
  return listen(0) as Promise<number>; // port 0 always succeeds
}

async function isFree(port: number): Promise<boolean> {
  return (await listen(port)) !== undefined;
}

function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address() as { port: number }; // a TCP server has an object here
      server.close(() => resolve(address.port));
    });
  });
}
