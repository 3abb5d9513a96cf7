import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Column } from '../../../lib/model/table.ts';
import { compileExpression } from '../../../lib/transformer/compile-expression.ts';
import { MASK_KEY_SETTING } from '../../../lib/transformer/compile-mask.ts';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { fillHostile, HOSTILE_TABLE } from './hostile.ts';
import { columnsOf, envOf, PINS } from './support.ts';
import { wellTyped } from './well-typed.ts';

let db: TestDatabase;
let columns: readonly Column[];
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
  await db.client.query(HOSTILE_TABLE);
  await fillHostile((sql, values) => db.client.query(sql, values as unknown[]));
  await db.client.query(`set "${MASK_KEY_SETTING.split('.')[0]}"."mask_key" = 'key'`);
  columns = await columnsOf(db.client, 'public.hostile');
});
afterAll(() => db[Symbol.asyncDispose]());

/** Refusals that are about size, which a random expression may run into. */
const OF_SIZE = ['expression_size', 'expression_limit'];

const RUNS = Number(process.env.TRANSFORM_RUNS ?? 400);

test('random expressions over hostile rows raise no error, give their type, and NULL where they failed', async () => {
  let ran = 0;
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(wellTyped, async (text) => {
      const result = compileExpression(text, envOf(columns));
      if (!('ok' in result)) {
        expect(OF_SIZE, `${text} ${JSON.stringify(result.problems)}`).toContain(result.problems[0]?.code);
        return;
      }
      const e = result.ok;
      const { rows } = await db.client.query(
        `select pg_catalog.count(*) as rows, pg_catalog.count(*) filter (where f is null) as unknown,
           pg_catalog.count(*) filter (where f and v is not null) as both, pg_catalog.count(*) filter (where f) as failed,
           pg_catalog.count(*) filter (where v is null) as nulls, pg_catalog.min(pg_catalog.format_type(pg_catalog.pg_typeof(v)::pg_catalog.oid, null)) as type
         from (select (${e.sql}) as v, (${e.failed ?? 'false'}) as f from public.hostile t) q`,
      );
      const [found] = rows;
      expect([found.unknown, found.both], text).toEqual(['0', '0']);
      expect(found.type, text).toBe(e.declared.replace(/\(.*\)/, ''));
      if (!e.nullable) expect(found.nulls, text).toBe('0');
      ran += 1;
      failures += Number(found.failed);
    }),
    { numRuns: RUNS },
  );
  console.log(`${ran} of ${RUNS} ran, ${failures} values failed`);
  expect(ran).toBeGreaterThan(RUNS * 0.7);
  expect(failures).toBeGreaterThan(100);
});
