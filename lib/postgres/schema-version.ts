import { SyncError } from '../model/errors.ts';
import { TABLES } from './control-schema.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import type { Session } from './session.ts';

/** The version that a database has, for a select list; every version has this column. Null: none, which is older than all. */
export const SCHEMA_VERSION = '(select max(v.version)::text from tf_sync.schema_version v)';

const majorOf = (version: number) => Math.floor(version / 1000);
const newest = (migrations: readonly Migration[]) => migrations.at(-1)?.version ?? 0;

/**
 * Whether the tables are of an older version than this code, and to be migrated before they are used.
 *
 * Throws `schema_newer` where newer code has changed them in a way that this code does not know.
 */
export function isOlder(found: string | null | undefined, migrations: readonly Migration[] = MIGRATIONS): boolean {
  const version = Number(found ?? 0);
  const own = newest(migrations);
  if (majorOf(version) <= majorOf(own)) return version < own;
  throw new SyncError(
    'schema_newer',
    `The tables in tf_sync have version ${version}; this code knows those up to ${own}.`,
    {
      facts: { found: version, known: own },
    },
  );
}

/**
 * Migrations that may be applied now. One that older code cannot work after waits for a start (`starts`) that finds no table
 * leased; work that goes on until then is done in the version before, which this code has to understand as well.
 */
function applicable(version: number, starts: boolean, migrations: readonly Migration[]): readonly Migration[] {
  const pending = migrations.filter((m) => m.version > version);
  return starts ? pending : pending.filter((m) => majorOf(m.version) <= majorOf(version));
}

/** Throws `target_busy` while a job holds a table, whichever version works for it. */
async function requireNoLease(session: Session): Promise<void> {
  await session.query('lock table tf_sync.lease in share row exclusive mode');
  const [held] = await session.query('select l.job_id::text from tf_sync.lease l limit 1');
  if (!held?.[0]) return;
  const why = 'This version of the service changes the tables in tf_sync once no job is under way.';
  throw new SyncError('target_busy', `${why} Job ${held[0]} is.`, { facts: { job_id: held[0] } });
}

/** The name of the session says which version of the service it is. */
const RECORD = `insert into tf_sync.schema_version (version, what, service)
  select v, w, substring(current_setting('application_name') from '^terrafusion-sync/(\\S+)') from unnest($1::int[], $2::text[]) u(v, w)
  on conflict do nothing`;

/** Inside the caller's transaction, which holds the lock until it ends: two that come at once apply nothing twice. */
async function migrateHere(session: Session, starts: boolean, migrations: readonly Migration[]): Promise<void> {
  await session.query(`select pg_advisory_xact_lock(hashtext('tf_sync'))`);
  const version = await versionOf(session);
  if (version !== undefined && !isOlder(String(version), migrations)) return; // somebody else has done it
  const todo = version === undefined ? migrations.slice(-1) : applicable(version, starts, migrations);
  if (version !== undefined && todo.some((m) => majorOf(m.version) > majorOf(version))) await requireNoLease(session);
  if (todo.length === 0) return;
  await session.run(TABLES);
  if (version !== undefined) for (const { sql } of todo) if (sql) await session.run(sql);
  await session.query(RECORD, [todo.map((m) => m.version), todo.map((m) => m.what)]);
}

/** Undefined: the database has no such tables. */
async function versionOf(session: Session): Promise<number | undefined> {
  const [there] = await session.query(`select to_regclass('tf_sync.schema_version') is not null`);
  if (there?.[0] !== 't') return undefined;
  const [row] = await session.query(`select ${SCHEMA_VERSION}`);
  return Number(row?.[0] ?? 0);
}

/** Brings the tables to the version of this code, in a transaction of its own, for work on a job that is under way. */
export const migrate = (session: Session, migrations: readonly Migration[] = MIGRATIONS): Promise<void> =>
  session.transaction(() => migrateHere(session, false, migrations));

/**
 * For whoever reads the version on the way, outside of any transaction. Throws `schema_newer`; migrates what is older.
 */
export async function requireSchema(session: Session, found: string | null | undefined): Promise<void> {
  if (isOlder(found)) await migrate(session);
}

/**
 * Makes the tables, or migrates those that are there. To be called inside a transaction, so that a refused start leaves nothing
 * behind. `starts`: a job begins, which holds no table yet.
 *
 * Throws `schema_newer`, and `target_busy` where a migration has to wait for jobs.
 */
export async function ensureControlSchema(
  session: Session,
  {
    starts = false,
    migrations = MIGRATIONS,
  }: { readonly starts?: boolean; readonly migrations?: readonly Migration[] } = {},
): Promise<void> {
  await session.run('savepoint version');
  const version = await versionOf(session);
  if (version !== undefined && !isOlder(String(version), migrations)) return;
  await session.run('rollback to savepoint version'); // no lock is held while others that migrate are waited for
  await migrateHere(session, starts, migrations);
}
