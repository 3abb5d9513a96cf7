import type { TestDatabase } from './databases.ts';
import type { Row } from './three-way-oracle.ts';

// Random rows with a value of every kind that conflicts are about, and how they come into a database and back.

const DAY_MS = 86_400_000;
const TODAY_MS = Date.now() - (Date.now() % 1000);

/** mulberry32: small, and the same everywhere. */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const TABLE =
  'create table t (id int primary key, a text, b text, n int, tags int[], v numeric(10, 2), updated_at timestamptz)';

export type Table = Map<number, Row>;

const pick = <T>(r: () => number, all: readonly T[]): T => all[Math.floor(r() * all.length)] as T;

const values = {
  a: (r: () => number) => pick(r, ['x', 'y', '', null, "o'k\\"]),
  b: (r: () => number) => pick(r, ['1', '2', null]),
  n: (r: () => number) => pick(r, [0, 1, 5, -3, null]),
  tags: (r: () => number) => pick(r, [[], [1], [1, 2], [2, 3], null]),
  v: (r: () => number) => pick(r, [1, 2.5, -1, null]),
  at: (r: () => number) =>
    pick(r, [TODAY_MS - DAY_MS, TODAY_MS - 2 * DAY_MS, TODAY_MS - 3 * DAY_MS, null, TODAY_MS + DAY_MS]),
} satisfies Record<keyof Row, (r: () => number) => unknown>;

const FIELDS = Object.keys(values) as (keyof Row)[];

export const newRow = (r: () => number): Row =>
  Object.fromEntries(FIELDS.map((f) => [f, values[f](r)])) as unknown as Row; // every field of it

const touched = (row: Row, r: () => number): Row => {
  const edit: Record<string, unknown> = { ...row };
  for (let i = 1 + Math.floor(r() * 2); i > 0; i--) {
    const f = pick(r, FIELDS);
    edit[f] = values[f](r);
  }
  return edit as unknown as Row;
};

/** Edits of one side, over keys from 1 to `rows`: most rows stay. */
export function edit(table: Table, rows: number, r: () => number): void {
  for (let id = 1; id <= rows; id++) {
    const row = table.get(id);
    const what = r();
    if (!row) {
      if (what < 0.25) table.set(id, newRow(r));
    } else if (what < 0.12) table.delete(id);
    else if (what < 0.55) table.set(id, touched(row, r));
  }
}

export async function store(db: TestDatabase, table: Table): Promise<void> {
  const rows = [...table].map(([id, { at, tags, ...row }]) => ({
    id,
    ...row,
    tags: tags && [...tags],
    updated_at: at === null ? null : new Date(at).toISOString(),
  }));
  await db.client.query('begin');
  await db.client.query(
    `delete from t where id not in (select (x ->> 'id')::int from jsonb_array_elements($1::jsonb) x)`,
    [JSON.stringify(rows)],
  );
  await db.client.query(
    `insert into t select id, a, b, n, tags, v, updated_at
     from jsonb_to_recordset($1::jsonb) x(id int, a text, b text, n int, tags int[], v numeric, updated_at timestamptz)
     on conflict (id) do update set (a, b, n, tags, v, updated_at) = (excluded.a, excluded.b, excluded.n, excluded.tags, excluded.v, excluded.updated_at)`,
    [JSON.stringify(rows)],
  );
  await db.client.query('commit');
}

export async function load(db: TestDatabase): Promise<Table> {
  const { rows } = await db.client.query(
    `select id, jsonb_build_object('a', a, 'b', b, 'n', n, 'tags', to_jsonb(tags), 'v', v, 'at', (extract(epoch from updated_at) * 1000)::int8)::text as row from t`,
  );
  return new Map(rows.map((r) => [Number(r.id), JSON.parse(r.row) as Row]));
}

/** Rows as text by key, to be compared. */
export const plain = (table: Table) =>
  Object.fromEntries(
    [...table].sort(([a], [b]) => a - b).map(([id, row]) => [id, JSON.stringify(FIELDS.map((f) => row[f]))]),
  );
