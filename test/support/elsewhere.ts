import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Secret } from '../../lib/model/secret.ts';
import { type Postgres, startPostgres } from '../../local/postgres.ts';
import type { TestDatabase, TestPair } from './databases.ts';

const RAW_TEXT = { getTypeParser: () => (value: string | Buffer) => value };

/** A raw-text client and the engine's connection for an existing database of any server; the test closes the client. */
export async function databaseAt(url: string): Promise<TestDatabase> {
  const at = new URL(url);
  const client = new pg.Client({ connectionString: url, types: RAW_TEXT });
  client.on('error', () => {}); // the next query reports it
  await client.connect();
  const name = decodeURIComponent(at.pathname.slice(1));
  return {
    name,
    url,
    client,
    connection: {
      host: at.hostname,
      port: Number(at.port || 5432),
      database: name,
      user: decodeURIComponent(at.username),
      password: new Secret(decodeURIComponent(at.password)),
      sslmode: 'disable',
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** A new database on any server, dropped at the end. `how` is what follows CREATE DATABASE name, such as a locale. */
export async function createDatabaseAt(serverUrl: string, how = 'template template0'): Promise<TestDatabase> {
  const name = `tfsync_elsewhere_${randomUUID().slice(0, 8)}`;
  const admin = async (sql: string) => {
    const client = new pg.Client(serverUrl);
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await admin(`create database ${name} ${how}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const database = await databaseAt(url.href);
  return {
    ...database,
    [Symbol.asyncDispose]: async () => {
      await database.client.end();
      await admin(`drop database ${name} with (force)`);
    },
  };
}

/** A server of its own for one test, in a folder that goes away with it. */
export async function ownServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly server: Postgres; readonly folder: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-own-pg-'));
  const server = await startPostgres({ dataDir: folder, settings: { fsync: 'off', ...settings } });
  return {
    server,
    folder,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A database (source) and a physical copy of its whole cluster (target), each on a server of its own: what restoring a
 * backup makes. With `copyIsStandby` the copy stays in recovery and takes no writes.
 */
export async function createClones(
  build: (client: pg.Client) => Promise<unknown>,
  { copyIsStandby = false } = {},
): Promise<TestPair & { readonly originalServer: Postgres }> {
  const own = await ownServer();
  const first = await databaseAt(own.server.url('postgres'));
  await build(first.client);
  await first.client.end();
  await own.server.stop(); // a copy of a running cluster's files is none
  const copy = mkdtempSync(join(tmpdir(), 'tfsync-own-pg-'));
  execFileSync('cp', ['-a', `${own.folder}/.`, copy]);
  if (copyIsStandby)
    execFileSync('cp', ['-a', join(copy, 'cluster', 'PG_VERSION'), join(copy, 'cluster', 'standby.signal')]);
  const servers = [await startPostgres({ dataDir: own.folder }), await startPostgres({ dataDir: copy })] as const;
  const [source, target] = [
    await databaseAt(servers[0].url('postgres')),
    await databaseAt(servers[1].url('postgres')),
  ] as const;
  return {
    source,
    target,
    originalServer: servers[0],
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([source.client.end(), target.client.end()]);
      await Promise.allSettled(servers.map((s) => s.stop()));
      for (const folder of [own.folder, copy]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
