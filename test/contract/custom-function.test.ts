import { afterAll, beforeAll, expect, test } from 'vitest';
import { parcelNumber } from '../../examples/custom-function.ts';
import { fillHostile, HOSTILE_TABLE } from '../pg/transform/hostile.ts';
import { PINS } from '../pg/transform/support.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

// the example of docs/expressions.md, as it is before it stands in the registry

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
  await db.client.query(HOSTILE_TABLE);
  await fillHostile((sql, values) => db.client.query(sql, values as unknown[]));
});
afterAll(() => db[Symbol.asyncDispose]());

/** Its SQL over a text that another SQL gives. */
function sqlOver(text: string): string {
  const argument = { kind: 'text', sql: text, nullable: true, fallible: false, inputs: [text] } as const;
  return parcelNumber.build([argument], { columns: [], alias: 't', serverVersion: 180000 }).sql;
}

test.each(parcelNumber.examples)('the example function: %s is %s', async (expression, value) => {
  const argument = /\('(.*)'\)/.exec(expression)?.[1] ?? '';
  const { rows } = await db.client.query(`select ${sqlOver('a.x')} as value from (select $1::pg_catalog.text as x) a`, [
    argument,
  ]);

  expect(rows).toEqual([{ value }]);
});

test('the example function is total over hostile texts', async () => {
  const { rows } = await db.client.query(`select ${sqlOver('t.t')} as value from public.hostile t`);

  expect(rows.length).toBeGreaterThan(50);
});
