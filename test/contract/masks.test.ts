import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAKES, type MaskSpec, maskSchema } from '../../lib/model/mask.ts';
import type { Column } from '../../lib/model/table.ts';
import { compileMask, isInjective, MASK_KEY_SETTING } from '../../lib/transformer/compile-mask.ts';
import { masks } from '../../lib/transformer/masks/registry.ts';
import { fillHostile, HOSTILE_TABLE } from '../pg/transform/hostile.ts';
import { answers, columnsOf, envOf, PINS } from '../pg/transform/support.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

const KEY = 'a key of thirty-two bytes or more';
let db: TestDatabase;
let columns: readonly Column[];
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
  await db.client.query(HOSTILE_TABLE);
  await fillHostile((sql, values) => db.client.query(sql, values as unknown[]));
  columns = await columnsOf(db.client, 'public.hostile');
});
afterAll(() => db[Symbol.asyncDispose]());

const setKey = (key: string) =>
  db.client.query(`select pg_catalog.set_config('${MASK_KEY_SETTING}', $1, false)`, [key]);

/** Kinds whose result nobody may compute without the key. */
const KEYED = ['hash', 'digits', 'fake', 'noise', 'shift_days', 'jitter'];

const OPTIONS: Readonly<Record<string, readonly object[]>> = {
  constant: [{ value: "x'\\" }, { value: 7 }, { value: true }, { value: '2026-01-31' }, { value: -1.25 }],
  fake: FAKES.map((as) => ({ as })),
  noise: [{ percent: 100 }, { percent: 0.1 }],
  shift_days: [{ days: 3650 }, { days: 1 }],
  jitter: [{ distance: 10 }],
  hash: [{}, { domain: "it's\\" }],
};
const specs: readonly MaskSpec[] = Object.keys(masks).flatMap((kind) =>
  (OPTIONS[kind] ?? [{}]).map((o) => maskSchema.parse({ kind, ...o })),
);

/** Columns that a mask takes, with its SQL. */
const taken = (spec: MaskSpec) =>
  columns.flatMap((column) => {
    const result = compileMask(spec, column, envOf(columns));
    return 'ok' in result ? [{ column, e: result.ok }] : [];
  });

const textsOf = async (column: Column) => {
  const { rows } = await db.client.query(
    `select t.n, pg_catalog.left("${column.name.replaceAll('"', '""')}"::pg_catalog.text, 100) as v from public.hostile t order by t.n`,
  );
  return rows.map((r) => r.v as string | null);
};

describe.each(specs.map((spec) => [JSON.stringify(spec), spec] as const))('%s', (_, spec) => {
  test('is total, typed, the same again, and leaves NULL', async () => {
    const all = taken(spec);
    expect(spec.kind === 'jitter' ? 1 : all.length).toBeGreaterThan(0);
    await setKey(KEY);
    for (const { column, e } of all) {
      const before = await textsOf(column);
      const first = await answers(db.client, e, 'public.hostile t order by t.n');
      const again = await answers(db.client, e, 'public.hostile t order by t.n');

      expect(again).toEqual(first);
      const { rows } = await db.client.query(`select $1::pg_catalog.regtype::pg_catalog.text as type`, [
        e.declared.replace(/\(.*\)/, ''),
      ]);
      expect(new Set(first.map((f) => f[2]))).toEqual(new Set([rows[0].type]));
      first.forEach(([value, failed], i) => {
        if (before[i] === null) expect([column.name, value, failed]).toEqual([column.name, null, false]);
        if (failed) expect(value).toBeNull();
        else if (before[i] !== null && spec.kind !== 'null')
          expect([column.name, before[i], value === null]).toEqual([column.name, before[i], false]);
      });
    }
  });

  test('without a key fails every value that needs one', async () => {
    await setKey('');
    for (const { column, e } of taken(spec)) {
      if (!KEYED.includes(spec.kind)) continue;
      const before = await textsOf(column);
      const found = await answers(db.client, e, 'public.hostile t order by t.n');
      expect(found.map(([v, f]) => [v, f])).toEqual(before.map((b) => [null, b !== null]));
    }
  });

  test('keeps values apart where it says so', async () => {
    await setKey(KEY);
    for (const { column, e } of taken(spec).filter((t) => isInjective(spec, t.column))) {
      const { rows } = await db.client
        .query(
          `select pg_catalog.count(distinct t."${column.name.replaceAll('"', '""')}"::pg_catalog.text) as had, pg_catalog.count(distinct (${e.sql})::pg_catalog.text) as has
         from public.hostile t where not (${e.failed ?? 'false'}) and pg_catalog.num_nulls(${e.sql}) = 0`,
        )
        .catch((error) => {
          throw new Error(`${column.name}: ${error.message}`);
        });
      expect([column.name, rows[0].has]).toEqual([column.name, rows[0].had]);
    }
  });
});

describe('digits', () => {
  const DIGITS = maskSchema.parse({ kind: 'digits' });

  test.each([
    ['int2', 'select g::int2 as x from generate_series(-32767, 32767) g'],
    [
      'int4',
      'select g::int4 as x from generate_series(-2000, 2000) g union select 2147483647 - g from generate_series(0, 2000) g union select -2147483647 + g from generate_series(0, 100) g',
    ],
    [
      'int8',
      'select g::int8 as x from generate_series(-2000, 2000) g union select 9223372036854775807 - g from generate_series(0, 2000) g',
    ],
    [
      'numeric(6,2)',
      'select (g::numeric / 100)::numeric(6,2) as x from generate_series(-3000, 3000) g union select 9999.99 - g * 0.01 from generate_series(0, 500) g',
    ],
    [
      'varchar(9)',
      "select lpad(g::text, 4, '0')::varchar(9) as x from generate_series(0, 9999) g union select g::text || '-' || g % 10 from generate_series(0, 999) g",
    ],
  ])('of %s is one to one, of the same form, and changes most', async (declared, rows) => {
    await setKey(KEY);
    await db.client.query('drop table if exists public.series');
    await db.client.query(`create table public.series (x ${declared})`);
    await db.client.query(
      `set search_path = pg_catalog; insert into public.series select x from (${rows}) g; set search_path = ''`,
    );
    const all = await columnsOf(db.client, 'public.series');
    const result = compileMask(DIGITS, all[0] as Column, envOf(all));
    if (!('ok' in result)) throw new Error(JSON.stringify(result));
    const {
      rows: [found],
    } = await db.client.query(
      `select pg_catalog.count(*) as rows, pg_catalog.count(distinct x) as before, pg_catalog.count(distinct y) as after,
         pg_catalog.count(*) filter (where x = y) as same, pg_catalog.count(*) filter (where f) as failed,
         pg_catalog.count(*) filter (where pg_catalog.regexp_replace(x::text, '[0-9]', '9', 'g') <> pg_catalog.regexp_replace(y::text, '[0-9]', '9', 'g')) as other
       from (select t.x, ${result.ok.sql} as y, ${result.ok.failed} as f from public.series t) q`,
    );
    expect(found.after).toBe(found.before);
    expect([found.failed, found.other]).toEqual(['0', '0']);
    expect(Number(found.same)).toBeLessThan(Number(found.rows) / 50);
  });
});

test('columns with the same mask join, and another domain parts them', async () => {
  await setKey(KEY);
  await db.client.query(`create table public.parent (id int4 primary key, tax numeric(8,2), code varchar(20));
    create table public.child (pid int4, tax numeric(10,4), code varchar(40));
    insert into public.parent select g, g * 1.5, 'P-' || g from pg_catalog.generate_series(1, 500) g;
    insert into public.child select g, g * 1.5, 'P-' || g from pg_catalog.generate_series(1, 500) g`);
  const [parent, child] = [await columnsOf(db.client, 'public.parent'), await columnsOf(db.client, 'public.child')];
  const sql = (all: readonly Column[], i: number, alias: string, spec: object) => {
    const result = compileMask(maskSchema.parse(spec), all[i] as Column, { ...envOf(all), alias });
    if (!('ok' in result)) throw new Error(JSON.stringify(result));
    return result.ok.sql;
  };
  const joined = async (i: number, a: object, b: object) => {
    const { rows } = await db.client.query(
      `select pg_catalog.count(*) as n from (select ${sql(parent, i, 'p', a)} as k from public.parent p) p join (select ${sql(child, i, 'c', b)} as k from public.child c) c on p.k::text = c.k::text`,
    );
    return Number(rows[0].n);
  };

  expect(await joined(0, { kind: 'digits' }, { kind: 'digits' })).toBe(500);
  expect(await joined(2, { kind: 'digits' }, { kind: 'digits' })).toBe(500);
  expect(await joined(2, { kind: 'fake', as: 'last_name' }, { kind: 'fake', as: 'last_name' })).toBeGreaterThan(500);
  expect(await joined(0, { kind: 'digits' }, { kind: 'digits', domain: 'other' })).toBeLessThan(50 * 50);
});
