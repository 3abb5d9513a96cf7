import type pg from 'pg';

/** Each kind of thing that a schema may hold, as lines of text: name and everything that defines it, in no order of creation. */
const KINDS = {
  columns: `select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
      || a.attidentity::text || a.attgenerated::text || ' ' || a.attcollation::regcollation || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    where c.relnamespace = to_regnamespace($1) and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'c', 'f')`,
  constraints: `select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = to_regnamespace($1)`,
  indexes: `select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = to_regnamespace($1)`,
  relations: `select relname || ' ' || relkind::text || ' ' || relreplident::text || ' ' || coalesce(relacl::text, '') from pg_class where relnamespace = to_regnamespace($1)`,
  functions: `select oid::regprocedure || ' ' || md5(prosrc) from pg_proc where pronamespace = to_regnamespace($1)`,
  triggers: `select c.relname || ' ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = to_regnamespace($1) and not t.tgisinternal`,
} as const;

/** Everything that a schema holds, sorted; two schemas that are the same for whoever uses them give the same. */
export async function catalogOf(client: pg.Client, schema: string): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const [kind, text] of Object.entries(KINDS)) {
    const { rows } = await client.query({ text, values: [schema], rowMode: 'array' });
    found[kind] = rows.map((row) => String(row[0])).sort();
  }
  return found;
}

/** What a database holds beside its schemas: no part of it may be left behind either. */
const WHOLE = {
  schemas: `select nspname || ' ' || coalesce(nspacl::text, '') from pg_namespace where nspname !~ '^pg_(toast_)?temp'`,
  publications: `select p.pubname || ' ' || coalesce(string_agg(r.prrelid::regclass::text, ' ' order by 1), '')
    from pg_publication p left join pg_publication_rel r on r.prpubid = p.oid group by p.pubname`,
  slots: `select slot_name || ' ' || plugin from pg_replication_slots where database = current_database()`,
  subscriptions: `select subname from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()`,
  event_triggers: 'select evtname from pg_event_trigger',
  extensions: 'select extname from pg_extension',
  database_grants: 'select datacl::text from pg_database where datname = current_database()',
  settings:
    'select setconfig::text from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()',
  default_grants: 'select defaclacl::text from pg_default_acl',
  large_objects: 'select oid::text from pg_largeobject_metadata',
} as const;

/** Everything that the catalogs say of a database, but not of its rows. */
export async function catalogsOf(client: pg.Client): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [kind, text] of Object.entries(WHOLE)) {
    const { rows } = await client.query({ text, rowMode: 'array' });
    found[kind] = rows.map((row) => String(row[0])).sort();
  }
  const { rows } = await client.query(
    `select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`,
  );
  for (const { nspname } of rows) found[`schema ${nspname}`] = await catalogOf(client, nspname);
  return found;
}
