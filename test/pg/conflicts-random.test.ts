import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { createPair, type TestDatabase } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { type Base, decide, type Policy, type Row } from '../support/three-way-oracle.ts';

// Random rows, random edits on both sides, round after round under every strategy, held against an oracle that knows
// nothing of the product. One table per strategy, a thousand rows in each round: a row is a case.

const ROWS = 1_000;
const ROUNDS = 3;
const DAY_MS = 86_400_000;
const TODAY_MS = Date.now() - (Date.now() % 1000);

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TABLE =
  'create table t (id int primary key, a text, b text, n int, tags int[], v numeric(10, 2), updated_at timestamptz)';

type Table = Map<number, Row>;

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

const newRow = (r: () => number): Row => Object.fromEntries(FIELDS.map((f) => [f, values[f](r)])) as unknown as Row; // every field of it

const touched = (row: Row, r: () => number): Row => {
  const edit: Record<string, unknown> = { ...row };
  for (let i = 1 + Math.floor(r() * 2); i > 0; i--) {
    const f = pick(r, FIELDS);
    edit[f] = values[f](r);
  }
  return edit as unknown as Row;
};

/** Edits of one side: most rows stay. */
function edit(table: Table, r: () => number): void {
  for (let id = 1; id <= ROWS; id++) {
    const row = table.get(id);
    const what = r();
    if (!row) {
      if (what < 0.25) table.set(id, newRow(r));
    } else if (what < 0.12) table.delete(id);
    else if (what < 0.55) table.set(id, touched(row, r));
  }
}

async function store(db: TestDatabase, table: Table): Promise<void> {
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

async function load(db: TestDatabase): Promise<Table> {
  const { rows } = await db.client.query(
    `select id, jsonb_build_object('a', a, 'b', b, 'n', n, 'tags', to_jsonb(tags), 'v', v, 'at', (extract(epoch from updated_at) * 1000)::int8)::text as row from t`,
  );
  return new Map(rows.map((r) => [Number(r.id), JSON.parse(r.row) as Row]));
}

type Rules = Pick<Policy, 'strategy' | 'types' | 'fields' | 'clock'>;

const cases: readonly (Rules & { readonly title: string; readonly delete_mode?: Policy['deleteMode'] })[] = [
  { title: 'target_wins', strategy: 'target_wins', clock: false },
  { title: 'newer_wins', strategy: 'newer_wins', clock: true },
  {
    title: 'field_level',
    strategy: 'field_level',
    fields: { a: 'newer', b: 'target', n: 'sum', tags: 'concat', v: 'max' },
    clock: true,
  },
  {
    title: 'field_level, some by hand',
    strategy: 'field_level',
    fields: { a: 'source', v: 'min', '*': 'manual' },
    clock: true,
  },
  { title: 'manual', strategy: 'manual', clock: false },
  { title: 'manual, in a mirror', strategy: 'manual', clock: false, delete_mode: 'mirror' },
  { title: 'target_wins, nothing deleted', strategy: 'target_wins', clock: false, delete_mode: 'keep' },
  {
    title: 'a strategy for each type',
    strategy: 'source_wins',
    types: { update_differing: 'target_wins', update_deleted: 'manual', insert_exists: 'newer_wins' },
    clock: true,
  },
];

const plain = (table: Table) =>
  Object.fromEntries(
    [...table].sort(([a], [b]) => a - b).map(([id, row]) => [id, JSON.stringify(FIELDS.map((f) => row[f]))]),
  );

test.each(cases.map((c, i) => ({ ...c, seed: 1000 + i })))(
  '$title: a thousand random rows in each of three rounds come out as the oracle says (seed $seed)',
  { timeout: 120_000 },
  async ({ strategy, types, fields, clock, seed, delete_mode: deleteMode = 'tracked' }) => {
    await using pair = await createPair();
    const r = random(seed);
    for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
    const source: Table = new Map();
    for (let id = 1; id <= ROWS; id++) if (r() < 0.8) source.set(id, newRow(r));
    const rules = { ...(types && { types }), ...(fields && { fields }) };
    const config: Parameters<typeof runJob>[1] = {
      conflict_strategy: strategy,
      conflict_rules: { 'public.t': rules } as JobConfig['conflict_rules'], // the oracle knows names only
      delete_mode: deleteMode,
      max_delete_percent: 100,
      tables: { include: ['public.t'] },
    };
    await store(pair.source, source);
    const { job: first } = await runJob(pair, config);
    expect(first.failure).toBeUndefined();
    let target: Table = new Map(source);
    const bases = new Map<number, Base>();
    const baseOf = (id: number) => bases.get(id) ?? { source: null, target: null };
    for (const [id, row] of source) bases.set(id, { source: row, target: row });

    for (let round = 1; round <= ROUNDS; round++) {
      edit(source, r);
      edit(target, r);
      await store(pair.source, source);
      await store(pair.target, target);
      const policy = { strategy, clock, nowMs: Date.now(), deleteMode, ...rules };
      const wanted: Table = new Map();
      const counts: Record<string, number> = {};
      const open: string[] = [];
      for (let id = 1; id <= ROWS; id++) {
        const result = decide(baseOf(id), source.get(id) ?? null, target.get(id) ?? null, policy);
        if (result.target) wanted.set(id, result.target);
        bases.set(id, result.base);
        counts[result.counted] = (counts[result.counted] ?? 0) + 1;
        if (result.conflict) open.push(`${id} ${result.conflict}`);
      }
      const { job, counts: got } = await runJob(pair, config);
      const now = await load(pair.target);
      const queue = await pair.target.client.query(
        `select key[1] || ' ' || (data ->> 'type') as c from tf_sync.conflict where state = 'open' order by 1`,
      );

      expect(job.failure, `round ${round}`).toBeUndefined();
      expect(plain(now), `round ${round}`).toEqual(plain(wanted));
      expect(
        queue.rows.map((q) => q.c),
        `round ${round}`,
      ).toEqual(open.sort());
      const { none: _, ...counted } = counts;
      const { read, skipped, quarantined, ...others } = got;
      expect(Object.fromEntries(Object.entries(others).filter(([, n]) => n > 0)), `round ${round}`).toEqual(counted);
      expect([skipped, quarantined]).toEqual([0, 0]);
      expect(read).toBe(Object.values(others).reduce((a, b) => a + b, 0));
      expect(job.state).toBe(open.length > 0 ? 'completed_with_issues' : 'completed');
      target = now;
    }
  },
);
