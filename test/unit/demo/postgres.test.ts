import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive, processesOf } from '../../../local/postgres/process.ts';
import { type Postgres, startPostgres } from '../../../local/postgres.ts';

const settings = { fsync: 'off' };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tfsync-postgres-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('runs UTF-8 with logical decoding behind a password, on loopback only, and leaves no process', async () => {
  const postgres = await startPostgres({ dataDir: join(folder, 'a'), settings });
  const shown = await ask(
    postgres.url('postgres'),
    `select current_setting('server_encoding') as encoding, current_setting('wal_level') as wal, current_setting('fsync') as fsync,
       current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
       upper('straße müller') as upper, 'Z' < 'a' as code_points`,
  );
  const wrong = ask(postgres.url('postgres').replace(postgres.password, 'wrong'), 'select 1');
  await expect(wrong).rejects.toThrow('password authentication failed');
  await postgres.stop();
  await postgres.stop();

  expect(shown).toEqual({
    encoding: 'UTF8',
    wal: 'logical',
    fsync: 'off',
    listen: '127.0.0.1',
    sockets: '',
    upper: 'STRASSE MÜLLER'.replace('SS', 'ß'), // one sign stays one sign
    code_points: 't',
  });
  expect(statSync(join(postgres.home, 'password')).mode & 0o777).toBe(0o600);
  expect(processesOf(join(postgres.home, 'cluster'), undefined)).toEqual([]);
});

test('keeps port and password from start to start', async () => {
  const first = await startPostgres({ dataDir: join(folder, 'a'), settings });
  await first.stop();
  const second = await startPostgres({ dataDir: join(folder, 'a'), settings });
  await second.stop();

  expect([second.url('x'), second.adopted]).toEqual([first.url('x'), false]);
});

test('adopts the server of a killed process, and restarts it when it was asked for other settings', async () => {
  const pid = await leaveRunning(join(folder, 'a'));

  const adopted = await startPostgres({ dataDir: join(folder, 'a'), settings });
  expect([adopted.adopted, postmasterOf(adopted)]).toEqual([true, pid]);
  const other = await startPostgres({ dataDir: join(folder, 'a'), settings: { ...settings, work_mem: '8MB' } });
  expect([other.adopted, isAlive(pid)]).toEqual([false, false]);
  await other.stop();
  await adopted.stop(); // its server is gone; the other one's port is not its business
});

test('ends a server that does not answer, and what a killed one left', async () => {
  const frozen = await leaveRunning(join(folder, 'a'));
  process.kill(frozen, 'SIGSTOP');
  const second = await startPostgres({ dataDir: join(folder, 'a'), settings, answerLimitMs: 50, endLimitMs: 50 });
  expect([second.adopted, isAlive(frozen)]).toEqual([false, false]);

  const killed = postmasterOf(second);
  process.kill(killed, 'SIGKILL');
  const third = await startPostgres({ dataDir: join(folder, 'a'), settings });
  expect(await ask(third.url('postgres'), 'select 1 as one')).toEqual({ one: '1' });
  await third.stop();
  expect(processesOf(join(third.home, 'cluster'), undefined)).toEqual([]);
});

test('makes the cluster elsewhere when the server may not enter the folder', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'only root runs the server under another account');
  const hidden = join(folder, 'hidden');
  mkdirSync(hidden, { mode: 0o700 });

  const postgres = await startPostgres({ dataDir: join(hidden, 'pg'), settings });
  expect(await ask(postgres.url('postgres'), 'select 1 as one')).toEqual({ one: '1' });
  await postgres.stop();

  expect(postgres.home.startsWith(join(tmpdir(), 'terrafusion-postgres-'))).toBe(true);
  expect(readdirSync(join(hidden, 'pg'))).toEqual(['moved-to']);
  expect(readFileSync(join(hidden, 'pg', 'moved-to'), 'utf8')).toContain(postgres.home);
  rmSync(postgres.home, { recursive: true });
});

test('ends with the process when nobody calls stop', async () => {
  const pid = await leaveRunning(join(folder, 'a'), 'process.exit(0)');

  await expect.poll(() => isAlive(pid), { interval: 5 }).toBe(false);
  expect(existsSync(join(folder, 'a', 'cluster', 'postmaster.pid'))).toBe(false);
});

async function leaveRunning(dataDir: string, end = "process.kill(process.pid, 'SIGKILL')"): Promise<number> {
  const script = `const { startPostgres } = await import('./local/postgres.ts');
    await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: { fsync: 'off' } });
    const { readFileSync, writeSync } = await import('node:fs');
    writeSync(1, readFileSync(${JSON.stringify(join(dataDir, 'cluster/postmaster.pid'))}, 'utf8').split('\\n')[0]);
    ${end};`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await Promise.all([Array.fromAsync(child.stdout), once(child, 'close')]);
  return Number(Buffer.concat(said).toString());
}

function postmasterOf({ home }: Postgres): number {
  return Number(readFileSync(join(home, 'cluster/postmaster.pid'), 'utf8').split('\n')[0]);
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query(sql);
    return rows[0];
  } finally {
    await client.end().catch(() => {});
  }
}
