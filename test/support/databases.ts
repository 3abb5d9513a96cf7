import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import type { Connection } from '../../lib/model/connection.ts';
import { Secret } from '../../lib/model/secret.ts';

/** A database that is built once per run and copied for each test that asks for it. */
export interface Template {
  /** Names the content; the same name must mean the same content. */
  readonly name: string;
  /** ICU locale of the database's own collation; default: bytewise. */
  readonly collation?: string;
  build(client: pg.Client): Promise<void>;
}

/** A database of one test. `await using` drops it at the end and fails the test if a session is still open. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** For the engine; the password is a `Secret`. */
  readonly connection: Connection;
  /** Connected as superuser. Every value arrives as PostgreSQL's own text: no numbers, no dates. */
  readonly client: pg.Client;
}

export interface TestPair extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

const RAW_TEXT = { getTypeParser: () => (value: string | Buffer) => value };
const LEAK_LIMIT_MS = 20_000; // a backend needs some milliseconds to notice that its client has left; machines are shared

/** Makes a database, empty or as a copy of a template, and connects to it. */
export async function createDatabase(
  options: { template?: Template; leakLimitMs?: number } = {},
): Promise<TestDatabase> {
  const { prefix, copy } = inject('cluster');
  const name = `${prefix}${randomUUID().slice(0, 8)}`;
  await asAdmin(async (admin) => {
    const template = options.template ? await readyTemplate(admin, options.template) : 'template0';
    await admin.query(`create database ${name} template ${template} ${copy}`);
  });
  const client = await connect(name);
  return {
    name,
    url: urlOf(name),
    connection: connectionOf(name),
    client,
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await asAdmin((admin) => drop(admin, name, options.leakLimitMs ?? LEAK_LIMIT_MS));
    },
  };
}

/** Two databases; a template for both, or one each. */
export async function createPair(
  options: { template?: Template; source?: Template; target?: Template } = {},
): Promise<TestPair> {
  const make = (own: Template | undefined) => {
    const template = own ?? options.template;
    return createDatabase(template ? { template } : {});
  };
  const source = await make(options.source);
  const target = await make(options.target);
  return {
    source,
    target,
    [Symbol.asyncDispose]: async () => {
      const ends = await Promise.allSettled([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

/** A further raw-text client of a test's database; the test closes it (`await client.end()`). */
export async function connect(database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(database), types: RAW_TEXT });
  client.on('error', () => {}); // the next query reports it
  await client.connect();
  return client;
}

function urlOf(database: string): string {
  const url = new URL(inject('cluster').url);
  url.pathname = `/${database}`;
  return url.href;
}

function connectionOf(database: string): Connection {
  const url = new URL(inject('cluster').url);
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    database,
    user: decodeURIComponent(url.username),
    password: new Secret(decodeURIComponent(url.password)),
    sslmode: 'disable',
  };
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = await connect('postgres');
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

// Built under a draft name and renamed, so that a template with its final name is complete. Workers take turns.
async function readyTemplate(admin: pg.Client, template: Template): Promise<string> {
  const name = `${inject('cluster').prefix}tpl_${template.name.replaceAll(/[^a-z0-9]+/gi, '_').toLowerCase()}`;
  const exists = async () => {
    const { rows } = await admin.query('select from pg_database where datname = $1', [name]);
    return rows.length > 0;
  };
  if (await exists()) return name;

  await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
  if (!(await exists())) {
    const draft = `${name}_draft`;
    await admin.query(`drop database if exists ${draft} with (force)`);
    const icu = template.collation && ` locale_provider icu icu_locale '${template.collation}' locale 'C'`;
    await admin.query(`create database ${draft} template template0${icu ?? ''}`);
    const client = await connect(draft);
    try {
      await template.build(client);
    } finally {
      await client.end();
    }
    await noSessions(admin, draft);
    await admin.query(`alter database ${draft} rename to ${name}`);
  }
  await admin.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]);
  return name;
}

async function drop(admin: pg.Client, name: string, leakLimitMs: number): Promise<void> {
  const open = await noSessions(admin, name, leakLimitMs).catch((error: Error) => error);
  await admin.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active',
    [name],
  );
  await admin.query(`drop database ${name} with (force)`);
  if (open) throw open;
}

/** Waits until nobody is connected to a database; throws with what is still open. */
async function noSessions(admin: pg.Client, database: string, limitMs = LEAK_LIMIT_MS): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    const { rows } = await admin.query(
      `select application_name, state, left(query, 80) as query from pg_stat_activity
       where datname = $1 and backend_type in ('client backend', 'walsender')`,
      [database],
    );
    if (rows.length === 0) return;
    if (Date.now() > end) {
      throw new Error(`${rows.length} sessions are still open in ${database}: ${JSON.stringify(rows)}`);
    }
    await pause(10);
  }
}
