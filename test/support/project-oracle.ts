import type { Client } from 'pg';

/** What is asked of a closure. `roots`: SQL condition on the root table. Tables by schema.table. */
export interface Asked {
  readonly root: string;
  readonly roots: string;
  readonly depth?: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

interface Key {
  readonly child: string;
  readonly parent: string;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
}

/** One row: its table, its primary key and its values, as texts. */
export interface OracleRow {
  readonly table: string;
  readonly key: string;
  readonly values: Readonly<Record<string, string | null>>;
}

/** Rows reached by descending, and all rows of the closure. */
export interface Closure {
  readonly descended: ReadonlySet<OracleRow>;
  readonly all: ReadonlySet<OracleRow>;
}

/** Every row of every table outside of the service's own. */
export interface Loaded {
  readonly keys: readonly Key[];
  readonly rows: ReadonlyMap<string, readonly OracleRow[]>;
}

const text = (row: OracleRow) => `${row.table} ${JSON.stringify(row.values)}`;

/** The closure as sorted texts, for `expect`. */
export const textsOf = (rows: Iterable<OracleRow>) => [...rows].map(text).sort();

async function foreignKeys(client: Client): Promise<Key[]> {
  const { rows } = await client.query(`
    select distinct c.child, c.parent, c.columns::text, c.referenced::text from (
      select (select n.nspname || '.' || r.relname from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = coalesce(pg_partition_root(f.conrelid), f.conrelid)) child,
             (select n.nspname || '.' || r.relname from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = coalesce(pg_partition_root(f.confrelid), f.confrelid)) parent,
             (select json_agg(a.attname order by k.o) from unnest(f.conkey) with ordinality k(n, o) join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.n)::text columns,
             (select json_agg(a.attname order by k.o) from unnest(f.confkey) with ordinality k(n, o) join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.n)::text referenced
      from pg_constraint f where f.contype = 'f') c`);
  return rows.map((r) => ({ ...r, columns: JSON.parse(r.columns), referenced: JSON.parse(r.referenced) }));
}

/** Reads a whole database; for small ones. */
export async function load(client: Client): Promise<Loaded> {
  const { rows: tables } = await client.query(`
    select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as sql,
      (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::text as columns,
      coalesce((select json_agg(a.attname) from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey) where i.indrelid = c.oid and i.indisprimary), '[]')::text as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema', 'tf_sync') and n.nspname !~ '^pg_'`);
  const loaded = new Map<string, OracleRow[]>();
  for (const { name, sql, columns, key } of tables) {
    const names: string[] = JSON.parse(columns);
    const { rows } = await client.query({
      text: `select ${names.map((c, i) => `"${c}"::text as "${i}"`).join(', ')} from ${sql}`,
      rowMode: 'array',
    });
    loaded.set(
      name,
      rows.map((r: (string | null)[]) => {
        const values = Object.fromEntries(names.map((c, i) => [c, r[i] ?? null]));
        return { table: name, key: JSON.stringify((JSON.parse(key) as string[]).map((k) => values[k])), values };
      }),
    );
  }
  return { keys: await foreignKeys(client), rows: loaded };
}

const valuesOf = (row: OracleRow, columns: readonly string[]) => {
  const values = columns.map((c) => row.values[c]);
  return values.includes(null) ? undefined : JSON.stringify(values);
};

/**
 * The tests' own judge of a project: walks rows one by one in memory, and shares no code with the product. Descent starts at
 * the roots; whatever a row refers to comes along, and is not descended from.
 */
export async function closureOf(client: Client, loaded: Loaded, asked: Asked): Promise<Closure> {
  const index = new Map<string, Map<string, OracleRow[]>>();
  const find = (table: string, columns: readonly string[], value: string): readonly OracleRow[] => {
    const id = JSON.stringify([table, columns]);
    let own = index.get(id);
    if (!own) {
      own = new Map();
      for (const row of loaded.rows.get(table) ?? []) {
        const v = valuesOf(row, columns);
        if (v !== undefined) own.set(v, [...(own.get(v) ?? []), row]);
      }
      index.set(id, own);
    }
    return own.get(value) ?? [];
  };
  const excluded = (table: string) => asked.exclude?.includes(table) === true;
  const enters = (table: string) =>
    !excluded(table) && (asked.include === undefined || asked.include.includes(table) || table === asked.root);
  const [schema, name] = asked.root.split('.');
  const { rows: pk } = await client.query(
    `select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indisprimary and i.indrelid = '"${schema}"."${name}"'::regclass`,
  );
  const keyColumns = pk.map((r) => r.attname as string);
  const { rows: roots } = await client.query({
    text: `select ${keyColumns.map((c) => `"${c}"::text`).join(', ')} from "${schema}"."${name}" where ${asked.roots}`,
    rowMode: 'array',
  });
  const level = new Map<OracleRow, number>();
  let wave = roots.flatMap((r) => find(asked.root, keyColumns, JSON.stringify(r)));
  for (let at = 0; wave.length > 0; at++) {
    for (const row of wave) level.set(row, Math.min(level.get(row) ?? at, at));
    if (asked.depth !== undefined && at >= asked.depth) break;
    const next = new Set<OracleRow>();
    for (const row of wave)
      for (const key of loaded.keys.filter((k) => k.parent === row.table && enters(k.child))) {
        const value = valuesOf(row, key.referenced);
        for (const child of value === undefined ? [] : find(key.child, key.columns, value))
          if (!level.has(child)) next.add(child);
      }
    wave = [...next];
  }
  const all = new Set(level.keys());
  for (const row of all) // a Set is walked as it grows
    for (const key of loaded.keys.filter((k) => k.child === row.table && !excluded(k.parent))) {
      const value = valuesOf(row, key.columns);
      for (const parent of value === undefined ? [] : find(key.parent, key.referenced, value)) all.add(parent);
    }
  return { descended: new Set(level.keys()), all };
}

/** Everything a database holds, as sorted texts. */
export const everything = async (client: Client) => textsOf([...(await load(client)).rows.values()].flat());

/** What the project holds in this database, as sorted texts. */
export async function projectIn(client: Client, asked: Asked): Promise<readonly string[]> {
  return textsOf((await closureOf(client, await load(client), asked)).all);
}

/** Foreign keys that a row breaks, whatever the server has checked. */
export async function dangling(client: Client): Promise<readonly string[]> {
  const { keys, rows } = await load(client);
  return keys.flatMap((key) => {
    const there = new Set((rows.get(key.parent) ?? []).map((r) => valuesOf(r, key.referenced)));
    return (rows.get(key.child) ?? []).flatMap((r) => {
      const value = valuesOf(r, key.columns);
      return value === undefined || there.has(value) ? [] : [`${text(r)} -> ${key.parent}`];
    });
  });
}
