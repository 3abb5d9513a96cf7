import type { Client } from 'pg';

/** What differs in one table. Keys are JSON arrays of the key's text values, or of the whole row where there is no key. */
export interface TableDifference {
  readonly rows: number;
  /** Only in the first database. */
  readonly missing: readonly string[];
  /** Only in the second database. */
  readonly extra: readonly string[];
  /** In both, with another value somewhere. */
  readonly different: readonly string[];
}

/**
 * The tests' own judge: compares every column of every row of every table as text, and shares no code with the product.
 *
 * Ordinary and partitioned tables outside `tf_sync` and the system schemas. Throws when the tables or their columns
 * differ. Holds both tables in memory. Both clients must give raw text (`createDatabase` does).
 */
export async function compareDatabases(first: Client, second: Client): Promise<Record<string, TableDifference>> {
  const tables = await describe(first);
  const others = await describe(second);
  if (JSON.stringify([...tables]) !== JSON.stringify([...others])) {
    throw new Error(`The tables are not the same:\n${JSON.stringify([...tables])}\n${JSON.stringify([...others])}`);
  }
  const result: Record<string, TableDifference> = {};
  for (const [name, table] of tables) {
    result[name] = compareRows(await readRows(first, name, table), await readRows(second, name, table));
  }
  return result;
}

/** Only the tables that differ, as counts: `{}` means equal. For `expect(summary(...)).toEqual({})`. */
export function summary(
  differences: Record<string, TableDifference>,
): Record<string, { missing: number; extra: number; different: number }> {
  return Object.fromEntries(
    Object.entries(differences)
      .map(([name, d]) => [name, { missing: d.missing.length, extra: d.extra.length, different: d.different.length }])
      .filter(([, d]) => Object.values(d as object).some((n) => n > 0)),
  );
}

/**
 * A digest per table of which version of each row is there (its place and inserting transaction). Equal digests before and
 * after mean that nothing was written, not even a row over itself.
 */
export async function rowVersions(client: Client): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of (await describe(client)).keys()) {
    const { rows } = await client.query(
      `select count(*) || ':' || coalesce(md5(string_agg(tableoid || ctid::text || xmin, ',' order by tableoid, ctid)), '') as digest from ${name}`,
    );
    result[name] = rows[0].digest;
  }
  return result;
}

interface Table {
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

async function describe(client: Client): Promise<Map<string, Table>> {
  const { rows } = await client.query(`
    select format('%I.%I', n.nspname, c.relname) as name,
      (select json_agg(a.attname order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select json_agg(a.attname order by array_position(i.indkey::int2[], a.attnum)) from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
      and n.nspname not in ('tf_sync', 'information_schema') and n.nspname not like 'pg\\_%'
    order by 1`);
  return new Map(
    rows.map((row) => {
      const columns: string[] = JSON.parse(row.columns).sort(); // sides may number their columns differently
      return [row.name, { columns, key: row.key ? JSON.parse(row.key) : columns }];
    }),
  );
}

async function readRows(client: Client, name: string, { columns, key }: Table): Promise<Map<string, string>> {
  await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
    set extra_float_digits = 3`);
  const list = columns.map((column) => `${quoted(column)}::text`).join(', ');
  const { rows } = await client.query({ text: `select ${list} from ${name}`, rowMode: 'array' });
  const places = key.map((column) => columns.indexOf(column));
  const result = new Map<string, string>();
  for (const row of rows as (string | null)[][]) {
    // rows without a key may repeat; each repetition gets its number
    let id = JSON.stringify(places.map((place) => row[place]));
    for (let n = 2; result.has(id); n += 1) id = JSON.stringify([...places.map((place) => row[place]), n]);
    result.set(id, JSON.stringify(row));
  }
  return result;
}

function compareRows(first: Map<string, string>, second: Map<string, string>): TableDifference {
  const keys = [...first.keys()];
  return {
    rows: first.size,
    missing: keys.filter((key) => !second.has(key)),
    extra: [...second.keys()].filter((key) => !first.has(key)),
    different: keys.filter((key) => second.has(key) && second.get(key) !== first.get(key)),
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
