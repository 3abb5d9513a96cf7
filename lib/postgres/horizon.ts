import type { RelationName, TablePlan, Window } from '../model/table.ts';
import type { SourceClock } from '../ports.ts';
import { catalogName, tableSql } from './columns.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

const iso = (instant: string) => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * Transactions of this database that may still write: when the oldest began, and how many sessions do not tell
 * (track_activities off). Autovacuum writes no rows.
 */
const OPEN = `
  select ${iso('min(a.xact_start)')}, (count(*) filter (where a.state = 'disabled'))::text
  from pg_stat_activity a
  where a.datid = (select oid from pg_database where datname = current_database())
    and a.pid <> pg_backend_pid() and a.backend_type <> 'autovacuum worker'`;

/**
 * The clock of the source, and the instant before which no row can appear any more.
 *
 * The order of the looks matters: a transaction that begins after the first is later than `now`; one that is prepared
 * between the second and the third is seen by both.
 */
export async function sourceClock(session: Session): Promise<SourceClock> {
  const [clock] = await session.query(
    `select ${iso('clock_timestamp()')}, case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end`,
  );
  const [open] = await session.query(OPEN);
  const [prepared] = await session.query(
    'select count(*)::text from pg_prepared_xacts where database = current_database()',
  );
  const now = clock?.[0] ?? '';
  const began = open?.[0] ?? now;
  const base = { now, timeline: clock?.[1] ?? '' };
  if (prepared?.[0] !== '0') return { ...base, unknown: 'prepared_transaction' };
  if (open?.[1] !== '0') return { ...base, unknown: 'untracked_session' };
  return { ...base, horizon: began < now ? began : now };
}

/** For each table a text that changes when its rows are put elsewhere: truncated, rewritten, restored, made anew. */
export async function storageOf(session: Session, tables: readonly RelationName[]): Promise<readonly string[]> {
  const rows = await session.query(
    `select coalesce(c.oid::text || ':' || (
         select string_agg(pg_relation_filenode(l.relid)::text, ',' order by l.relid)
         from (select relid from pg_partition_tree(c.oid) where isleaf union select c.oid) l(relid)), '')
     from unnest($1::text[], $2::text[]) with ordinality u(s, n, i)
     left join pg_namespace x on x.nspname = u.s left join pg_class c on c.relnamespace = x.oid and c.relname = u.n
     order by u.i`,
    [tables.map((t) => t.schema), tables.map((t) => t.name)],
  );
  return rows.map((r) => r[0] ?? '');
}

/** The planner's estimate of the rows of a window, and whether an index begins with its column. Reads no row. */
export async function windowFacts(
  session: Session,
  plan: TablePlan,
  window: Pick<Window, 'column' | 'after'>,
): Promise<Pick<Window, 'rowsEstimate' | 'indexed'>> {
  // without a parameter: the estimate is for this instant; the text is our own, made of digits
  const after = /^[\d:.TZ-]+$/.exec(window.after)?.[0] ?? '-infinity';
  const [explained] = await session.query(
    `explain (format json) select 1 from ${tableSql(plan, 'source')} t where t.${ident(window.column)} >= '${after}'`,
  );
  const [node] = JSON.parse(explained?.[0] ?? '[]') as { Plan?: { 'Plan Rows'?: number } }[]; // PostgreSQL's own format
  const [index] = await session.query(
    `select 1 from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = to_regclass($1) and a.attname = $2 and i.indisvalid and i.indpred is null limit 1`,
    [relation(plan.source), catalogName(plan, 'source', window.column) ?? null],
  );
  return { rowsEstimate: Math.max(1, Math.ceil(node?.Plan?.['Plan Rows'] ?? 1)), indexed: index !== undefined };
}
