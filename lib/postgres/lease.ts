import { SyncError } from '../model/errors.ts';
import { type RelationName, relationText } from '../model/table.ts';
import type { StaleHolder } from '../ports.ts';
import type { Session } from './session.ts';

/** Jobs that hold the lease of one of the tables, where there are leases at all. */
export async function leaseHolders(session: Session, tables: readonly RelationName[]): Promise<readonly string[]> {
  const [there] = await session.query(
    `select case when to_regclass('tf_sync.lease') is not null then has_table_privilege('tf_sync.lease', 'select') end`,
  );
  if (there?.[0] !== 't') return [];
  const held = await session.query(
    `select distinct l.job_id::text from tf_sync.lease l
     join unnest($1::text[], $2::text[]) u(s, n) on (l.table_schema, l.table_name) = (u.s, u.n) order by 1`,
    [tables.map((t) => t.schema), tables.map((t) => t.name)],
  );
  return held.map(([job]) => job ?? '');
}

/** Tables held by others, locked; throws `target_busy` for the first whose holder is not known to be gone. */
async function heldByOthers(session: Session, jobId: string, tables: readonly RelationName[], stale: StaleHolder) {
  const held = await session.query(
    `select l.job_id::text, l.table_schema, l.table_name, extract(epoch from now() - l.taken_at)::int8::text
     from tf_sync.lease l join unnest($1::text[], $2::text[]) u(s, n) on (l.table_schema, l.table_name) = (u.s, u.n)
     where l.job_id <> $3 order by l.table_schema, l.table_name for update of l`,
    [tables.map((t) => t.schema), tables.map((t) => t.name), jobId],
  );
  for (const [holder, schema, name, seconds] of held) {
    if (await stale(holder ?? '', Number(seconds))) continue;
    throw new SyncError('target_busy', `Job ${holder} holds the target table ${schema}.${name}.`, {
      facts: { job_id: holder ?? '' },
    });
  }
  return held.map((h) => h[0]);
}

/**
 * Takes the lease of every table for the job, inside the caller's transaction. `stale` says of a holder whether its job is
 * known to have ended or never to have begun; its leases are then taken over.
 *
 * Throws `target_busy` naming the holder.
 */
export async function leaseTables(
  session: Session,
  jobId: string,
  tables: readonly RelationName[],
  stale: StaleHolder,
): Promise<void> {
  const gone = await heldByOthers(session, jobId, tables, stale);
  const taken = await session.query(
    `insert into tf_sync.lease (table_schema, table_name, job_id) select s, n, $3 from unnest($1::text[], $2::text[]) u(s, n)
     on conflict (table_schema, table_name) do update set job_id = excluded.job_id, taken_at = now()
       where tf_sync.lease.job_id = $3 or tf_sync.lease.job_id::text = any($4)
     returning 1`,
    [tables.map((t) => t.schema), tables.map((t) => t.name), jobId, gone],
  );
  if (taken.length < tables.length) {
    // somebody took one between our look and our insert
    throw new SyncError('target_busy', `Another job has just taken one of: ${tables.map(relationText).join(', ')}.`);
  }
  // whoever resumes finds out whether another job has had the table since
  await session.query(
    `insert into tf_sync.lease_turn (table_schema, table_name, job_id, turn)
     select s, n, $3, 1 from unnest($1::text[], $2::text[]) u(s, n)
     on conflict (table_schema, table_name) do update set job_id = excluded.job_id, turn = tf_sync.lease_turn.turn + 1
       where tf_sync.lease_turn.job_id <> excluded.job_id`,
    [tables.map((t) => t.schema), tables.map((t) => t.name), jobId],
  );
}

/** Tables of the job that another job has had the lease of since; to be asked before the lease is taken again. */
export async function leasedSince(session: Session, jobId: string): Promise<readonly RelationName[]> {
  const rows = await session.query(
    `select t ->> 'schema', t ->> 'name' from tf_sync.job j cross join lateral jsonb_array_elements(j.tables) t
     join tf_sync.lease_turn l on (l.table_schema, l.table_name) = (t ->> 'schema', t ->> 'name')
     where j.job_id = $1 and l.job_id <> $1`,
    [jobId],
  );
  return rows.map(([schema, name]) => ({ schema: schema ?? '', name: name ?? '' }));
}

/**
 * Throws `target_busy` unless the job holds the lease of each of its tables. To be asked by a run before it begins: between
 * the moment a resume takes the leases and the one in which DynamoDB says that the job runs again, others take it for ended
 * and may have taken them. The rows stay locked until the caller's transaction ends, so whoever asks meanwhile waits, and
 * then finds the job running.
 */
export async function requireLeases(session: Session, jobId: string): Promise<void> {
  const [held] = await session.query(
    `select count(*)::text, (select jsonb_array_length(j.tables)::text from tf_sync.job j where j.job_id = $1)
     from (select from tf_sync.lease l where l.job_id = $1 for share) q`,
    [jobId],
  );
  if (held?.[0] === held?.[1]) return;
  const [other] = await session.query(
    `select l.job_id::text from tf_sync.job j cross join lateral jsonb_array_elements(j.tables) t
     join tf_sync.lease l on (l.table_schema, l.table_name) = (t ->> 'schema', t ->> 'name')
     where j.job_id = $1 and l.job_id <> $1 limit 1`,
    [jobId],
  );
  const who = other?.[0] ? `Job ${other[0]}` : 'Another job';
  throw new SyncError('target_busy', `${who} took target tables of this one while it was not running.`, {
    facts: { ...(other?.[0] && { job_id: other[0] }) },
  });
}
