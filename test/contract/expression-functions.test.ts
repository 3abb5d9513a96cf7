import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forms } from '../../lib/transformer/forms.ts';
import { expressionFunctions } from '../../lib/transformer/functions/registry.ts';
import { answers, compiled, envOf, PINS } from '../pg/transform/support.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
});
afterAll(() => db[Symbol.asyncDispose]());

const all = [...expressionFunctions, ...forms];
const examples = all.flatMap((f) => f.examples.map(([expression, value]) => ({ name: f.name, expression, value })));

test('every function has a name of its own', () => {
  expect(new Set(all.map((f) => f.name)).size).toBe(all.length);
});

describe('every example', () => {
  test.each(examples)('$expression is $value', async ({ expression, value }) => {
    const e = compiled(expression, envOf([]));
    const [[found, failed] = []] = await answers(db.client, e, '(values (1)) t');

    expect(found).toBe(value);
    expect(failed).toBe(value === null);
  });
});
