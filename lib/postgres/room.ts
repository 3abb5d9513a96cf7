import type { ConnectionRoom } from '../ports.ts';
import type { Session } from './session.ts';

/**
 * The tightest of what bounds this session's role: max_connections without what is reserved, and the limits of database and role;
 * with the sessions that count against it now.
 */
export async function connectionRoom(session: Session): Promise<ConnectionRoom> {
  const rows = await session.query(
    `select l.allowed, l.used
     from (
       select current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
              - coalesce(current_setting('reserved_connections', true)::int8, 0) as allowed,
              (select count(*) from pg_stat_activity a where a.backend_type is null or a.backend_type = 'client backend') as used
       union all
       select d.datconnlimit, (select count(*) from pg_stat_activity a where a.datid = d.oid)
       from pg_database d where d.datname = current_database() and d.datconnlimit >= 0
       union all
       select r.rolconnlimit, (select count(*) from pg_stat_activity a where a.usesysid = r.oid)
       from pg_roles r where r.rolname = current_user and r.rolconnlimit >= 0
     ) l
     order by l.allowed - l.used
     limit 1`,
  );
  return { limit: Number(rows[0]?.[0]), in_use: Number(rows[0]?.[1]) };
}
