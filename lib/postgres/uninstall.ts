import { SyncError } from '../model/errors.ts';
import type { DatabaseTraces } from '../model/uninstall.ts';
import type { InstalledDatabase, UninstallDatabases } from '../ports.ts';
import { TABLES } from './control-schema.ts';
import { serverFacts } from './introspect.ts';
import { seesMark, withMark } from './mark.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { isOlder, SCHEMA_VERSION } from './schema-version.ts';
import type { Session } from './session.ts';
import { ownSlots } from './slots.ts';
import { ident } from './sql.ts';

/** What is ours in `tf_sync`; what somebody else has put there is not listed, and stays. */
const OWN = {
  tables: [...TABLES.matchAll(/create table if not exists (tf_sync\.\w+)/g)].map((m) => m[1] ?? ''),
  sequences: [...TABLES.matchAll(/create sequence if not exists (tf_sync\.\w+)/g)].map((m) => m[1] ?? ''),
};

/** Counts of tables that an older version may lack. */
const COUNTS = {
  jobs: ['tf_sync.job', 'count(*)'],
  quarantined: ['tf_sync.quarantine', 'count(*)'],
  baselines: ['tf_sync.pair_table', 'count(distinct (x.target_schema, x.target_name))'],
  conflicts: ['tf_sync.conflict', 'count(*)'],
  open_conflicts: ['tf_sync.conflict', `count(*) filter (where x.state = 'open')`],
} as const;

const isThere = async (session: Session, table: string): Promise<boolean> =>
  (await session.query('select to_regclass($1) is not null', [table]))[0]?.[0] === 't';

async function slotsHere(session: Session): Promise<DatabaseTraces['slots']> {
  const [here] = await session.query('select current_database()');
  const own = (await ownSlots(session)).filter((s) => s.database === here?.[0]);
  return own.map(({ slot, retained_bytes, active }) => ({ slot, retained_bytes, active }));
}

/** Throws `schema_newer`: what newer code keeps this code does not know. */
async function look(session: Session): Promise<DatabaseTraces> {
  if (await isThere(session, 'tf_sync.schema_version')) {
    const [row] = await session.query(`select ${SCHEMA_VERSION}`);
    isOlder(row?.[0]);
  }
  const counts: Record<string, number> = {};
  for (const [name, [table, what]] of Object.entries(COUNTS)) {
    const [row] = (await isThere(session, table)) ? await session.query(`select (${what})::text from ${table} x`) : [];
    counts[name] = Number(row?.[0] ?? 0);
  }
  const streams = (await isThere(session, 'tf_sync.change_stream'))
    ? await session.query('select c.stream from tf_sync.change_stream c order by 1')
    : [];
  const [schema] = await session.query(
    `select (select count(*) from pg_namespace where nspname = 'tf_sync')::text,
       coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
         where c.relnamespace = to_regnamespace('tf_sync') and c.relkind in ('r', 'S')), 0)::int8::text`,
  );
  const publications = await session.query(
    `select p.pubname, pg_has_role(p.pubowner, 'usage')::text from pg_publication p where p.pubname ~ '^tfsync_[0-9a-f]{32}$' order by 1`,
  );
  return {
    ...(counts as Pick<DatabaseTraces, keyof typeof COUNTS>), // one of each
    schema: schema?.[0] !== '0',
    bytes: Number(schema?.[1] ?? 0),
    slots: await slotsHere(session),
    publications: publications.map(([name, owned]) => ({ publication: name ?? '', owned: owned === 'true' })),
    streams: streams.map(([stream]) => stream ?? ''),
  };
}

/** What depends on the tables and is none of ours stops it: a view of somebody, or a table that they put there. */
function foreign(error: unknown): never {
  if (error instanceof SyncError && error.facts.sqlstate === '2BP01')
    throw new SyncError(
      'uninstall_blocked',
      'Something that is not of this service depends on tf_sync, or lies in it.',
      { cause: error },
    );
  throw error;
}

/**
 * The tables, the sequence and the schema in one transaction, during which no job begins. Nothing is dropped that is not ours.
 * A schema that the role does not own stays, empty.
 */
async function dropSchema(session: Session, holds: Parameters<InstalledDatabase['dropSchema']>[0]): Promise<boolean> {
  return session
    .transaction(async () => {
      if (await isThere(session, 'tf_sync.lease')) {
        await session.query('lock table tf_sync.lease in access exclusive mode');
        const held = await session.query(
          'select l.job_id::text, max(extract(epoch from now() - l.taken_at))::int8::text from tf_sync.lease l group by 1 order by 1',
        );
        for (const [jobId, seconds] of held)
          if (jobId && (await holds(jobId, Number(seconds))))
            throw new SyncError('target_busy', `Job ${jobId} is not over.`, { facts: { job_id: jobId } });
      }
      await session.run(
        `drop table if exists ${OWN.tables.join(', ')}; drop sequence if exists ${OWN.sequences.join(', ')}`,
      );
      const [owned] = await session.query(
        `select pg_has_role(n.nspowner, 'usage')::text from pg_namespace n where n.nspname = 'tf_sync'`,
      );
      if (owned?.[0] === 'false') return false;
      await session.run('drop schema if exists tf_sync');
      return true;
    })
    .catch(foreign);
}

const installed = (session: Session): InstalledDatabase => ({
  facts: () => serverFacts(session),
  look: () => look(session),
  dropSchema: (holds) => dropSchema(session, holds),
  async dropSlot(name) {
    await session.query(
      `select pg_drop_replication_slot(s.slot_name) from pg_replication_slots s
       where s.slot_name = $1 and s.database = current_database()`,
      [name],
    );
  },
  dropPublication: (name) => session.run(`drop publication if exists ${ident(name)}`),
  async sources() {
    if (!(await isThere(session, 'tf_sync.pair_table'))) return [];
    const rows = await session.query('select distinct g.source_system, g.source_database from tf_sync.pair_table g');
    return rows.map(([system, oid]) => ({ system_identifier: system ?? '', database_oid: oid ?? '' }));
  },
  withMark: (work) => withMark(session, work),
  close: () => session.end(),
});

/** The databases behind real connections, for whoever takes the service out of one. */
export function uninstallDatabases(options: OpeningOptions): UninstallDatabases {
  const open = opener(options);
  return {
    open: async (connection, as) => installed(await open('target', connection, as)),
    async peek(connection, as) {
      const session = await open('source', connection, as);
      return {
        facts: () => serverFacts(session),
        seesMark: (mark) => seesMark(session, mark),
        close: () => session.end(),
      };
    },
  };
}
