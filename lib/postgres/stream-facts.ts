import type { ReplicaIdentity, StreamFacts } from '../model/change-stream.ts';
import type { RelationName } from '../model/table.ts';
import type { Session } from './session.ts';
import { ownSlots } from './slots.ts';

const SERVER = `
  select current_setting('wal_level'),
  (select r.rolsuper or r.rolreplication from pg_roles r where r.rolname = current_user)
  or exists (select from pg_roles r where r.rolname = 'rds_replication' and pg_has_role(r.oid, 'member')),
  (select count(*) from pg_replication_slots) < current_setting('max_replication_slots')::int,
  has_database_privilege(current_database(), 'create')`;

const SLOT = `
  select s.confirmed_flush_lsn::text, coalesce(s.wal_status = 'lost', true) or s.restart_lsn is null,
  s.plugin is distinct from 'pgoutput' or s.database is distinct from current_database()
  from pg_replication_slots s where s.slot_name = $1`;

const PUBLICATION = `
  select pg_has_role(p.pubowner, 'usage'), p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate and p.pubviaroot
  from pg_publication p where p.pubname = $1`;

/** Tables as their partitions identify rows in the log. Row filters and column lists came with PostgreSQL 15. */
const TABLES = `
  select pg_has_role(c.relowner, 'usage'),
  (select coalesce(r.oid, p.oid)::text from pg_publication p
  left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
  where p.pubname = $3 and to_jsonb(r) ->> 'prqual' is null and to_jsonb(r) ->> 'prattrs' is null
  and exists (select from pg_publication_tables q where q.pubname = $3 and (q.schemaname, q.tablename) = (u.s, u.n))),
  (select json_agg(json_build_object('schema', ln.nspname, 'name', l.relname, 'how', l.relreplident,
  'unlogged', l.relpersistence = 'u', 'columns', coalesce((
    select json_agg(a.attname) from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1])
    where i.indrelid = l.oid and i.indisvalid
      and case l.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end), '[]')) order by l.oid)
  from (select t.relid from pg_partition_tree(c.oid) t where t.isleaf union select c.oid where c.relkind <> 'p') leaf(oid)
  join pg_class l on l.oid = leaf.oid join pg_namespace ln on ln.oid = l.relnamespace)::text
  from unnest($1::text[], $2::text[]) with ordinality u(s, n, i)
  join pg_namespace x on x.nspname = u.s join pg_class c on c.relnamespace = x.oid and c.relname = u.n
  order by u.i`;

/** Reads what a source says of itself and of the stream of this name. */
export async function streamFacts(
  session: Session,
  name: string,
  tables: readonly RelationName[],
): Promise<StreamFacts> {
  const [server] = await session.query(SERVER);
  const [slot] = await session.query(SLOT, [name]);
  const [publication] = await session.query(PUBLICATION, [name]);
  const found = await session.query(TABLES, [tables.map((t) => t.schema), tables.map((t) => t.name), name]);
  return {
    walLevel: server?.[0] ?? '',
    mayReplicate: server?.[1] === 't',
    freeSlot: server?.[2] === 't',
    mayPublish: server?.[3] === 't',
    ...(slot && {
      slot: { confirmed: slot[0] ?? '0/0', lost: slot[1] === 't' || slot[0] === null, foreign: slot[2] === 't' },
    }),
    slots: await ownSlots(session),
    ...(publication && { publication: { owned: publication[0] === 't', fit: publication[1] === 't' } }),
    tables: found.map(([owned, published, identities]) => ({
      owned: owned === 't',
      ...(published !== null && published !== undefined && { published }),
      identities: JSON.parse(identities ?? '[]') as ReplicaIdentity[], // made by the query above
    })),
  };
}
