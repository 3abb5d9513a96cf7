import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Client } from 'pg';
import { type AuditEvent, type AuditRecord, ofEventId } from '../../lib/model/audit-event.ts';
import type { JobConfig } from '../../lib/model/config.ts';
import { ENDED_STATES, type JobMode } from '../../lib/model/job.ts';
import type { StatusView } from '../../lib/orchestrator/status.ts';
import type { Counters } from '../../local/service.ts';
import { connect, type TestDatabase, type TestPair } from '../support/databases.ts';
import { checkLeaks, type Life } from '../support/leaks/check.ts';
import { passwordsIn } from '../support/leaks/record.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An HTTP answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

/** The whole service as a child process of its own process group. `await using` ends it and fails on leftovers. */
export interface E2eService extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Every answer's text so far, to be searched for what must not be in it. */
  readonly answers: readonly string[];
  /** What the process has printed. */
  output(): string;
  call(path: string, init?: RequestInit & { readonly token?: string | undefined }): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** Starts a full sync and returns the job's id; throws unless it was accepted. */
  startFull(pair: TestPair, config?: Partial<JobConfig>): Promise<string>;
  startIncremental(pair: TestPair, config?: Partial<JobConfig>): Promise<string>;
  status(jobId: string): Promise<StatusView>;
  waitForEnd(jobId: string, limitMs?: number): Promise<StatusView>;
  counters(): Promise<Counters>;
  processes(): Promise<readonly { readonly function: string; readonly pid: number; readonly busy: boolean }[]>;
  /** All items of all tables of the emulated DynamoDB, by table. */
  items(): Promise<Readonly<Record<string, readonly Record<string, unknown>[]>>>;
  /** Where the service's parts answer. */
  places(): { readonly controlUrl: string; readonly dynamodbUrl: string; readonly sqsUrl: string };
  /** Processes of the service's group that run now: itself and its functions. */
  running(): readonly string[];
  /** Sends a signal to the service alone (`one`) or to all its processes (`all`), and waits until the service has ended. */
  end(signal: NodeJS.Signals, whom: 'one' | 'all'): Promise<number | null>;
}

/** Events of a job as the audit table has them, in the order of its trail; stream and number are those of the outbox. */
export async function auditEvents(service: Pick<E2eService, 'items'>, jobId: string): Promise<readonly AuditEvent[]> {
  const [, blocks = []] = Object.entries(await service.items()).find(([table]) => /audit/i.test(table)) ?? [];
  const own = blocks.filter((b) => b.job_id === jobId).sort((a, b) => Number(a.position) - Number(b.position));
  const records = own.flatMap((b) => JSON.parse(String(b.events)) as AuditRecord[]);
  return records.map((record) => ({ job_id: jobId, ...record, ...ofEventId(record.id) }));
}

/** A folder for one test; `await using` removes it. */
export function scratchFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tfsync-e2e-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Two files run at once, against one server of 200 connections whose budget counts the sessions of both services; the other may
 * be that of test/faults/processes, whose 26 workers take two connections each and keep them while they are frozen.
 */
const ROOM_FOR_TWO = ['--parameter', 'DatabaseConnectionBudget=120'];

/** Tests call faster than people. */
const NO_HURRY = ['--parameter', 'RequestsPerSecond=10000', '--parameter', 'RequestBurst=5000'];

/**
 * Starts `local/serve.ts` and waits for its line. Without a folder it gets its own, which goes with it. At its end everything that
 * left it is searched for secrets and tagged values (leaks/check.ts), with `assembly` its bundles and template too.
 */
export async function startService(
  options: {
    readonly dataDir?: string;
    readonly auth?: boolean;
    readonly env?: Record<string, string>;
    readonly assembly?: string;
  } = {},
): Promise<E2eService> {
  const own = options.dataDir === undefined ? scratchFolder() : undefined;
  const dataDir = options.dataDir ?? own?.path ?? '';
  const args = ['local/serve.ts', '--port', '0', '--data-dir', dataDir, '--json', ...ROOM_FOR_TWO, ...NO_HURRY];
  const child = spawnNode([...args, ...(options.auth === false ? ['--no-auth'] : [])], options.env);
  const line = await firstLine(child);
  const { url, token } = JSON.parse(line) as { url: string; token: string };
  const pid = child.process.pid as number; // it has printed, so it has started
  const answers: string[] = [];

  const call: E2eService['call'] = async (path, init = {}) => {
    const { token: given = token, headers, ...rest } = init;
    const bearer = given === '' ? {} : { authorization: `Bearer ${given}` };
    const response = await fetch(`${url}${path}`, { ...rest, headers: { ...bearer, ...headers } });
    const text = await response.text();
    answers.push(text);
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      type,
      headers: response.headers,
      text,
      body: /[/+]json/.test(type) ? JSON.parse(text) : undefined,
    };
  };
  const post: E2eService['post'] = (path, body) =>
    call(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const started = async (mode: JobMode, pair: TestPair, config: Partial<JobConfig> = {}): Promise<string> => {
    const answer = await post(`/api/sync/${mode}`, startBody(pair, config));
    if (answer.status !== 202) throw new Error(`the start answered ${answer.status}: ${answer.text}`);
    return answer.body.job_id;
  };
  const status: E2eService['status'] = async (jobId) => {
    const answer = await call(`/api/sync/status/${jobId}`);
    if (answer.status !== 200) throw new Error(`status answered ${answer.status}: ${answer.text}`);
    return answer.body as StatusView; // the service's own shape
  };
  const places: E2eService['places'] = () => JSON.parse(readFileSync(join(dataDir, 'service.json'), 'utf8'));
  const page = async (name: string) => (await fetch(`${places().controlUrl}/_local/${name}`)).json();
  const running = () => groupMembers(pid);

  return {
    url,
    token,
    dataDir,
    pid,
    answers,
    output: child.output,
    call,
    post,
    get: (path) => call(path),
    startFull: (pair, config) => started('full', pair, config),
    startIncremental: (pair, config) => started('incremental', pair, config),
    status,
    waitForEnd: (jobId, limitMs = 90_000) =>
      until(
        `job ${jobId} to end`,
        async () => {
          const view = await status(jobId);
          return ENDED_STATES.includes(view.state) ? view : undefined;
        },
        limitMs,
        100, // each look costs a call of the API
      ),
    counters: () => page('counters') as Promise<Counters>,
    processes: async () =>
      ((await page('processes')) as { processes: Awaited<ReturnType<E2eService['processes']>> }).processes,
    items: () => allItems(places().dynamodbUrl),
    places,
    running,
    async end(signal, whom) {
      process.kill(whom === 'all' ? -pid : pid, signal);
      const code = await child.exited;
      child.searchLife(dataDir, { ran: true });
      return code;
    },
    async [Symbol.asyncDispose]() {
      if (child.process.exitCode === null && child.process.signalCode === null) process.kill(pid, 'SIGTERM');
      await child.exited;
      const left = await until('the service to leave no process', () => running().length === 0, 10_000).then(
        () => [],
        () => running(),
      );
      if (left.length > 0) process.kill(-pid, 'SIGKILL');
      try {
        child.searchLife(dataDir, { ran: true, ...(options.assembly !== undefined && { assembly: options.assembly }) });
      } finally {
        own?.[Symbol.dispose]();
      }
      if (left.length > 0) throw new Error(`The service left processes behind:\n${left.join('\n')}`);
    },
  };
}

export function startBody(pair: TestPair, config: Partial<JobConfig> = {}) {
  return { source_connection: pair.source.url, target_connection: pair.target.url, config };
}

/** Looks until `look` answers something; every 20 ms, or as said. Throws with `what` when `limitMs` passed first. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 90_000,
  everyMs = 20,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`Waited ${limitMs / 1000} s in vain for ${what}.`);
    await pause(everyMs);
  }
}

/** A program of this repository that ran to its end. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the repository's programs to its end, in its own process group. Fails where it prints a password that it was given. */
export async function runNode(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const child = spawnNode(args, env);
  const code = await child.exited;
  const given = [...args, ...Object.values(env)].flatMap(passwordsIn).filter((password) => password.length >= 12);
  if (given.some((password) => child.output().includes(password)))
    throw new Error(`${args.slice(0, 2).join(' ')} printed a password that it was given.`);
  const at = args.indexOf('--data-dir') + 1;
  if (at > 0) child.searchLife(args[at] ?? '', { ran: code === 0 });
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}

/** A running program. */
export interface Child {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  output(): string;
  /** Once it has ended, and before `dataDir` goes away: fails where a secret is outside of the secret store. */
  searchLife(dataDir: string, how: { readonly ran: boolean; readonly assembly?: string }): void;
}

/** Starts one of the repository's programs in its own process group. The service records all that leaves it. */
export function spawnNode(args: readonly string[], env: Record<string, string> = {}): Child {
  const recorded = args[0]?.startsWith('local/') ? recording() : undefined;
  const child = spawn(process.execPath, [...(recorded?.args ?? []), ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...recorded?.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // its own process group, so that everything of it can be found and killed
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => {
    stdout += part;
  });
  child.stderr.on('data', (part: Buffer) => {
    stderr += part;
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve); // not close: a function that outlives the service would keep the pipes open
  });
  const output = () => stdout + stderr;
  const searchLife: Child['searchLife'] = (dataDir, { ran, ...life }) =>
    recorded?.search({ dataDir, output: output(), ...life }, ran);
  return { process: child, exited, stdout: () => stdout, stderr: () => stderr, output, searchLife };
}

/** Files for what a service lets out, looked through once; then they are gone. */
function recording() {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-heard-'));
  const [heardFile, secretsFile] = [join(folder, 'heard'), join(folder, 'secrets')];
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return {
    args: ['--import', join(ROOT, 'test/support/leaks/preload.ts')],
    env: { TFSYNC_TEST_HEARD: heardFile, TFSYNC_TEST_TOLD: secretsFile },
    search(life: Omit<Life, 'heardFile' | 'secretsFile'>, ran: boolean) {
      if (!existsSync(folder)) return;
      try {
        checkLeaks({ heardFile, secretsFile, ...life }, { ran });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function firstLine(child: Child): Promise<string> {
  const line = until('the service to say that it is ready', () => /^(.*)\n/.exec(child.stdout())?.[1], 60_000);
  const died = child.exited.then((code) => {
    throw new Error(`The service ended with ${code} before it was ready: ${child.output()}`);
  });
  died.catch(() => {}); // after the line, its end is no news
  return Promise.race([line, died]).catch((error: unknown) => {
    child.process.kill('SIGKILL'); // its functions end with it
    throw error;
  });
}

/** Command lines of the living processes of a group; zombies are dead. */
function groupMembers(group: number): readonly string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => {
      const [, pgid, stat = ''] = line.split(/\s+/);
      return Number(pgid) === group && !stat.startsWith('Z');
    });
}

async function allItems(endpoint: string): Promise<Record<string, Record<string, unknown>[]>> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  try {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    const found: Record<string, Record<string, unknown>[]> = {};
    for (const TableName of TableNames) {
      const items: Record<string, unknown>[] = [];
      let next: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new ScanCommand({ TableName, ConsistentRead: true, ...(next && { ExclusiveStartKey: next }) }),
        );
        items.push(...(page.Items ?? []));
        next = page.LastEvaluatedKey;
      } while (next);
      found[TableName] = items;
    }
    return found;
  } finally {
    client.destroy();
  }
}

/** A transaction of the test that holds its locks until it is released. */
export interface Hold extends AsyncDisposable {
  release(): Promise<void>;
}

/** Runs `sql` in a transaction that stays open. */
export async function hold(database: TestDatabase, sql: string): Promise<Hold> {
  const client = await connect(database.name);
  await client.query('begin');
  await client.query(sql);
  let released: Promise<void> | undefined;
  const release = () => {
    released ??= client.end();
    return released;
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** A session of a job in one of its databases, as the server sees it. */
export interface JobSession {
  readonly pid: string;
  readonly state: string;
  readonly waits: string | null;
  readonly query: string;
  readonly port: number;
}

export async function sessionsOf(client: Client, database: string, jobId: string): Promise<readonly JobSession[]> {
  const { rows } = await client.query(
    `select pid::text, state, wait_event_type as waits, query, client_port::text as port from pg_stat_activity
     where datname = $1 and application_name like '%' || $2 || '%'`,
    [database, jobId],
  );
  return rows.map((row) => ({ ...row, port: Number(row.port) }));
}

/** Waits until a session of the job hangs on a lock in a statement like `statement`. */
export function untilWaiting(database: TestDatabase, jobId: string, statement: RegExp): Promise<JobSession> {
  return until(`a session of the job to wait for a lock in ${statement}`, async () => {
    const sessions = await sessionsOf(database.client, database.name, jobId);
    return sessions.find(({ waits, query }) => waits === 'Lock' && statement.test(query));
  });
}

/** The one of `pids` that has the client's end of a connection from local port `port`. */
export function ownerOfPort(port: number, pids: readonly number[]): number {
  const owner = process.platform === 'linux' ? ownerByProc(port, pids) : ownerByLsof(port, pids);
  if (owner === undefined) throw new Error(`None of the processes ${pids.join(', ')} is connected from port ${port}.`);
  return owner;
}

function ownerByProc(port: number, pids: readonly number[]): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9]}]`);
  return pids.find((pid) =>
    descriptors(pid).some((fd) => {
      try {
        return inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false; // closed meanwhile
      }
    }),
  );
}

/** None of a process that has died meanwhile: a test beside this one may have killed it. */
function descriptors(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function ownerByLsof(port: number, pids: readonly number[]): number | undefined {
  return pids.find((pid) => {
    try {
      const lines = execFileSync('lsof', ['-nP', '-a', '-p', String(pid), `-iTCP:${port}`], { encoding: 'utf8' });
      return lines.includes(`:${port}->`);
    } catch {
      return false; // lsof says by its exit code that there is none
    }
  });
}
