import type { Client } from 'pg';

/** Per table (partitions counted under their root, `public.payment`): how many rows were treated. */
export type Mutations = Record<string, { changed: number; removed: number; added: number }>;

/**
 * Changes, removes and adds about `percent` of the rows of every table with a primary key; at least one of each kind where
 * possible. Same database and seed, same result. Keys of added rows are new; foreign keys and unique indexes hold at the
 * end (checked). Triggers do not fire.
 *
 * Removing a row removes what refers to it, as long as that is little; so where the few rows of a table carry everything
 * (Pagila's store, staff, category) none is removed.
 */
export async function mutate(client: Client, options: { percent?: number; seed?: number } = {}): Promise<Mutations> {
  const percent = options.percent ?? 1;
  const random = generator(options.seed ?? 1);
  await client.query(`begin; set local session_replication_role = replica; set local timezone = 'UTC'`);
  const tables = await readTables(client);
  const result: Mutations = {};
  const count = (table: Table) => {
    result[table.root] ??= { changed: 0, removed: 0, added: 0 };
    return result[table.root] as Mutations[string]; // just set
  };
  const quota = (table: Table) => Math.max(1, Math.round((table.rows.length * percent) / 100));

  const removed = chooseRemoved(tables, quota, random);
  for (const [table, rows] of removed) {
    await client.query(`delete from ${table.name} where ctid = any ($1::tid[])`, [[...rows].map((row) => row.ctid)]);
    count(table).removed += rows.size;
  }
  for (const table of tables) {
    const left = table.rows.filter((row) => !removed.get(table)?.has(row));
    const changed = await change(client, table, sample(left, quota(table), random));
    count(table).changed += changed;
  }
  for (const table of tables) {
    const added = await add(client, table, quota(table), random);
    count(table).added += added;
  }
  await assertReferences(client, tables);
  await client.query('commit');
  return result;
}

interface Row {
  readonly ctid: string;
  readonly values: Readonly<Record<string, string | null>>;
}

interface Column {
  readonly name: string;
  readonly type: string;
  /** `base` for domains: e.g. integer for Pagila's year. */
  readonly kind: string;
  readonly nullable: boolean;
  readonly generated: boolean;
}

interface Reference {
  readonly to: string;
  readonly columns: readonly string[];
  readonly toColumns: readonly string[];
}

interface Table {
  readonly name: string;
  readonly root: string;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  /** Columns of unique indexes, the key's included. */
  readonly unique: readonly string[];
  readonly references: readonly Reference[];
  readonly rows: readonly Row[];
}

async function readTables(client: Client): Promise<Table[]> {
  const { rows: tables } = await client.query(`
    select c.oid, format('%I.%I', n.nspname, c.relname) as name,
      coalesce(pg_partition_root(c.oid), c.oid)::regclass::oid as root_oid,
      (select format('%I.%I', rn.nspname, r.relname) from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
        where r.oid = coalesce(pg_partition_root(c.oid), c.oid)) as root,
      (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'kind', case t.typtype when 'e' then 'enum' when 'd' then format_type(t.typbasetype, t.typtypmod)
            else format_type(a.atttypid, null) end,
          'nullable', not a.attnotnull, 'generated', a.attgenerated <> '') order by a.attnum)
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select json_agg(a.attname order by array_position(i.indkey::int2[], a.attnum)) from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key,
      (select json_agg(distinct a.attname) from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisunique) as "unique",
      (select json_agg(json_build_object('to', f.confrelid::regclass::text, 'toOid', f.confrelid::text,
          'columns', (select json_agg(a.attname order by o) from unnest(f.conkey) with ordinality k (num, o)
            join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.num),
          'toColumns', (select json_agg(a.attname order by o) from unnest(f.confkey) with ordinality k (num, o)
            join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num)) order by f.conname)
        from pg_constraint f where f.conrelid = c.oid and f.contype = 'f') as "references"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not in ('tf_sync', 'information_schema') and n.nspname not like 'pg\\_%'
      and exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
    order by name`);
  const nameOf = new Map(tables.map((row) => [row.oid, row.name]));
  const result: Table[] = [];
  for (const row of tables) {
    const columns: Column[] = JSON.parse(row.columns);
    const list = columns.map(({ name }) => `${quoted(name)}::text as ${quoted(name)}`).join(', ');
    const key: string[] = JSON.parse(row.key);
    const { rows } = await client.query(
      `select ctid::text as "the ctid", ${list} from ${row.name} order by ${key.map(quoted).join(', ')}`,
    );
    const references: { toOid: string; columns: string[]; toColumns: string[] }[] = JSON.parse(row.references ?? '[]');
    result.push({
      name: row.name,
      root: row.root,
      columns,
      key,
      unique: JSON.parse(row.unique),
      references: references.map((r) => ({ ...r, to: nameOf.get(r.toOid) ?? '' })),
      rows: rows.map(({ 'the ctid': ctid, ...values }) => ({ ctid, values })),
    });
  }
  return parentsFirst(result);
}

function parentsFirst(tables: readonly Table[]): Table[] {
  const done = new Set<Table>();
  const visit = (table: Table, path: readonly Table[]) => {
    if (done.has(table) || path.includes(table)) return;
    for (const { to } of table.references) {
      const parent = tables.find((t) => t.name === to);
      if (parent) visit(parent, [...path, table]);
    }
    done.add(table);
  };
  for (const table of tables) visit(table, []);
  return [...done];
}

/** Rows to remove: parents first, each with everything that refers to it, as long as that stays below 2 % of any table. */
function chooseRemoved(tables: readonly Table[], quota: (table: Table) => number, random: () => number) {
  const removed = new Map<Table, Set<Row>>(tables.map((table) => [table, new Set()]));
  const childrenOf = indexChildren(tables);
  const tableOf = new Map(tables.flatMap((table) => table.rows.map((row) => [row, table] as const)));
  for (const table of tables) {
    const gone = removed.get(table) as Set<Row>; // every table has its set
    for (const row of sample(table.rows, table.rows.length, random)) {
      if (gone.size >= quota(table)) break;
      const closure = closureOf(row, childrenOf, 400);
      if (!closure || gone.has(row)) continue;
      const per = Map.groupBy(closure, (r) => tableOf.get(r) as Table); // every row has its table
      const tolerable = [...per].every(([t, rows]) => t === table || rows.length <= Math.max(2, t.rows.length / 50));
      const leavesSome = [...per].every(([t, rows]) => rows.length + (removed.get(t)?.size ?? 0) < t.rows.length);
      if (!tolerable || !leavesSome) continue;
      for (const [t, rows] of per) for (const r of rows) removed.get(t)?.add(r);
    }
  }
  return removed;
}

function indexChildren(tables: readonly Table[]): Map<Row, Row[]> {
  const children = new Map<Row, Row[]>();
  for (const table of tables) {
    for (const { to, columns, toColumns } of table.references) {
      const parent = tables.find((t) => t.name === to);
      const parents = new Map(parent?.rows.map((row) => [valuesOf(row, toColumns), row]));
      for (const row of table.rows) {
        const up = parents.get(valuesOf(row, columns));
        if (up) children.set(up, [...(children.get(up) ?? []), row].slice(-500)); // 500 is over any limit used
      }
    }
  }
  return children;
}

function closureOf(row: Row, childrenOf: Map<Row, Row[]>, limit: number): readonly Row[] | undefined {
  const found = new Set([row]);
  for (const each of found) {
    if (found.size > limit) return undefined;
    for (const child of childrenOf.get(each) ?? []) found.add(child);
  }
  return [...found];
}

/** Changes one column per row, another from row to row; never a key, unique, generated or referring column. */
async function change(client: Client, table: Table, rows: readonly Row[]): Promise<number> {
  const fixed = new Set([...table.unique, ...table.references.flatMap((r) => r.columns)]);
  const open = table.columns.filter((c) => !fixed.has(c.name) && !c.generated && changed(c) !== undefined);
  for (const [i, column] of open.entries()) {
    const mine = rows.filter((_, n) => n % open.length === i).map((row) => row.ctid);
    // an update moves the row, so later columns still find theirs by ctid: each row is in one group only
    await client.query(
      `update ${table.name} set ${quoted(column.name)} = ${changed(column)} where ctid = any ($1::tid[])`,
      [mine],
    );
  }
  return open.length > 0 ? rows.length : 0;
}

/** An expression that differs from the column's value, NULL included; undefined for types it does not know. */
function changed({ name, kind, type, nullable }: Column): string | undefined {
  const c = quoted(name);
  if (kind === 'text' || kind.startsWith('character varying')) return `coalesce(${c}, '') || ' é'`;
  if (kind === 'boolean') return `not coalesce(${c}, false)`;
  if (['smallint', 'integer', 'bigint'].includes(kind)) return `coalesce(${c}, 1950) + 1`;
  if (kind.startsWith('numeric')) return `coalesce(${c}, 0) + 0.01`;
  if (kind.startsWith('timestamp')) return `coalesce(${c}, '2020-01-01') + interval '1.000001 seconds'`;
  if (kind === 'date') return `coalesce(${c}, '2020-01-01') + 1`;
  if (kind === 'bytea') return `coalesce(${c}, '') || '\\x00'`;
  if (kind === 'text[]') return `${c} || 'é'::text`;
  if (kind === 'enum')
    return `case when ${c} is distinct from enum_first(${c}) then enum_first(${c}) else enum_last(${c}) end`;
  return nullable ? `case when ${c} is null then ${c} else null::${type} end` : undefined;
}

/** Adds copies of random rows under new keys. */
async function add(client: Client, table: Table, count: number, random: () => number): Promise<number> {
  const referring = new Set(table.references.flatMap((r) => r.columns));
  const counter = table.key.find((name) => !referring.has(name) && /int/.test(columnOf(table, name).kind));
  return counter === undefined
    ? addCombinations(client, table, count, random)
    : addNumbered(client, table, { counter, count, random });
}

async function addNumbered(
  client: Client,
  table: Table,
  options: { counter: string; count: number; random: () => number },
): Promise<number> {
  const { counter, count, random } = options;
  const { rows: left } = await client.query(`select ctid::text from ${table.name} order by ctid`);
  const chosen = sample(left, count, random).map((row) => row.ctid);
  const columns = table.columns.filter((c) => !c.generated);
  const fresh = (name: string) => `(select coalesce(max(${quoted(name)}), 0) from ${table.root}) + n`;
  const list = columns.map((column) => {
    const name = quoted(column.name);
    if (column.name === counter) return fresh(counter);
    if (table.key.includes(column.name) || !table.unique.includes(column.name)) return `t.${name}`;
    if (/int/.test(column.kind) && !table.references.some((r) => r.columns.includes(column.name)))
      return fresh(column.name);
    return column.kind.startsWith('timestamp') ? `t.${name} + interval '100 years'` : `t.${name}`;
  });
  const { rowCount } = await client.query(
    `insert into ${table.name} (${columns.map((c) => quoted(c.name)).join(', ')}) overriding system value
     select ${list.join(', ')} from unnest($1::tid[]) with ordinality as chosen (id, n) join ${table.name} t on t.ctid = chosen.id`,
    [chosen],
  );
  return rowCount ?? 0;
}

/** A key that is all references (film_actor): pairs of existing parents that are not there yet. */
async function addCombinations(client: Client, table: Table, count: number, random: () => number): Promise<number> {
  const parts = table.references
    .filter((r) => r.columns.every((c) => table.key.includes(c)))
    .map((r, i) => ({ alias: `p${i}`, ...r }));
  const pick = (name: string) => {
    const part = parts.find((p) => p.columns.includes(name));
    return part ? `${part.alias}.${quoted(part.toColumns[part.columns.indexOf(name)] ?? '')}` : `t.${quoted(name)}`;
  };
  const columns = table.columns.filter((c) => !c.generated).map((c) => c.name);
  const same = table.key.map((name) => `x.${quoted(name)} = ${pick(name)}`).join(' and ');
  const { rowCount } = await client.query(
    `insert into ${table.name} (${columns.map(quoted).join(', ')})
     select ${columns.map((name) => (table.key.includes(name) ? pick(name) : `t.${quoted(name)}`)).join(', ')}
     from (select * from ${table.name} limit 1) t, ${parts.map((p) => `${p.to} ${p.alias}`).join(', ')}
     where not exists (select from ${table.name} x where ${same})
     order by md5(concat_ws(',', $1::text, ${table.key.map(pick).join(', ')})) limit $2`,
    [String(random()), count],
  );
  return rowCount ?? 0;
}

async function assertReferences(client: Client, tables: readonly Table[]): Promise<void> {
  for (const table of tables) {
    for (const { to, columns, toColumns } of table.references) {
      const join = columns.map((c, i) => `p.${quoted(toColumns[i] ?? '')} = t.${quoted(c)}`).join(' and ');
      const filled = columns.map((c) => `t.${quoted(c)} is not null`).join(' and ');
      const { rows } = await client.query(
        `select count(*) as orphans from ${table.name} t where ${filled} and not exists (select from ${to} p where ${join})`,
      );
      if (rows[0].orphans !== '0') throw new Error(`${rows[0].orphans} rows of ${table.name} refer to no row of ${to}`);
    }
  }
}

function columnOf(table: Table, name: string): Column {
  const column = table.columns.find((c) => c.name === name);
  if (!column) throw new Error(`${table.name} has no column ${name}`);
  return column;
}

function valuesOf(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => row.values[column]));
}

function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ item }) => item);
}

/** Mulberry32: small, seeded, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
