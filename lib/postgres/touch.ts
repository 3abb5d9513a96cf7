import type { TouchSignal } from '../model/quiet.ts';
import type { RelationName } from '../model/table.ts';
import { storageOf } from './horizon.ts';
import type { Session } from './session.ts';

/**
 * Since when the server counts, and by whom. A crash throws the counters away and restarts these processes; a standby counts
 * nothing that it replays; a role that may not see them cannot tell. Empty then.
 */
const COUNTING = `
  select case when pg_is_in_recovery() or current_setting('track_counts') <> 'on' then null else (
    select string_agg(concat_ws(' ', a.backend_type, a.pid, a.backend_start), ', ' order by a.backend_type)
    from pg_stat_activity a where a.backend_type in ('checkpointer', 'background writer', 'walwriter')) end,
    concat_ws(' ', current_setting('server_version_num'), (select d.stats_reset from pg_stat_database d where d.datname = current_database()),
      case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end)`;

/** By table what was counted in it and its partitions; NULL where rows come and go uncounted: views, foreign tables, policies. */
const TOUCHED = `
  select case when c.relkind in ('r', 'p', 'm') and not row_security_active(c.oid) then (
    select concat_ws(' ', sum(pg_stat_get_tuples_inserted(l.relid)), sum(pg_stat_get_tuples_updated(l.relid)),
      sum(pg_stat_get_tuples_deleted(l.relid)))
    from (select relid from pg_partition_tree(c.oid) where isleaf union select c.oid) l(relid)
    join pg_class p on p.oid = l.relid
    having bool_and(p.relkind <> 'f')) end
  from unnest($1::text[], $2::text[]) with ordinality u(s, n, i)
  left join pg_namespace x on x.nspname = u.s left join pg_class c on c.relnamespace = x.oid and c.relname = u.n
  order by u.i`;

/**
 * What the server says of each table without reading a row of it; undefined where it does not count, or may not be asked.
 *
 * A transaction is counted some time after it committed: at once as a rule, within a minute where its session stays busy.
 * So one that is not counted yet is found by the next look, never lost.
 */
export async function touchSignals(
  session: Session,
  tables: readonly RelationName[],
): Promise<readonly (TouchSignal | undefined)[]> {
  const [counting] = await session.query(COUNTING);
  const [processes, since] = counting ?? [];
  if (!processes) return tables.map(() => undefined);
  const places = await storageOf(session, tables);
  const touched = await session.query(TOUCHED, [tables.map((t) => t.schema), tables.map((t) => t.name)]);
  return tables.map((_, i) => {
    const counts = touched[i]?.[0];
    return counts ? { place: places[i] ?? '', counting: `${since} ${processes}`, touched: counts } : undefined;
  });
}
