import { afterAll, beforeAll, expect, test } from 'vitest';
import { plate } from '../../examples/custom-mask.ts';
import { MASK_KEY_SETTING } from '../../lib/model/mask.ts';
import type { Column } from '../../lib/model/table.ts';
import { fillHostile, HOSTILE_TABLE } from '../pg/transform/hostile.ts';
import { columnsOf, PINS } from '../pg/transform/support.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

// the example of docs/masks.md, as it is before it stands in the registry

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

const setKey = (key: string) => db.client.query(`select pg_catalog.set_config($1, $2, false)`, [MASK_KEY_SETTING, key]);

async function plates(name: string, domain = '') {
  const column = columns.find((c) => c.name === name) as Column;
  const { sql } = plate.build({ domain }, { column, text: `(t.${name}::pg_catalog.text collate "C")` });
  const { rows } = await db.client.query(`select t.${name} as was, ${sql} as is from public.hostile t order by t.n`);
  return rows as readonly { readonly was: string | null; readonly is: string | null }[];
}

test.each(['t', 'v', 'v40', 'c'])(
  'the example mask over hostile values of %s: total, NULL for NULL, the same for equal ones',
  async (name) => {
    await setKey('a key of thirty-two bytes or more');
    const [first, again, other] = [await plates(name), await plates(name), await plates(name, 'other')];

    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    for (const { was, is } of first) {
      if (was === null) expect(is).toBeNull();
      else expect(is).toMatch(/^[A-Z]{3}\d{4}$/);
    }
    const by = Map.groupBy(
      first.filter((r) => r.was !== null),
      (r) => r.was,
    );
    for (const same of by.values()) expect(new Set(same.map((r) => r.is)).size).toBe(1);
  },
);

test('without a key it masks nothing', async () => {
  await setKey('');
  expect((await plates('t')).filter((r) => r.is !== null)).toEqual([]);
});

test('it is refused where it has no meaning or no room', () => {
  for (const column of columns.filter((c) => ['i4', 'by', 'jb'].includes(c.name)))
    expect(() => plate.build({ domain: '' }, { column, text: '' })).toThrow('no meaning');
  const short = { ...(columns.find((c) => c.name === 'v') as Column), declared: 'character varying(6)' };
  expect(() => plate.build({ domain: '' }, { column: short, text: '' })).toThrow('needs 7 characters');
});
