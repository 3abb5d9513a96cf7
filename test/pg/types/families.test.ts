import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isKnownType } from '../../../lib/data-types/registry.ts';
import type { Session } from '../../../lib/postgres/session.ts';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { columnOf, EXACT, judge, pinnedSession } from './oracle.ts';
import { EXTENSIONS, FAMILIES, PREPARATION, type Sampled, XML } from './values.ts';

const SEED = 20_261_123;
const RUNS = 4; // of up to 60 values, 1,770 pairs each

let database: TestDatabase;
let session: Session;

beforeAll(async () => {
  database = await createDatabase();
  await database.client.query(`${PREPARATION} create schema ext`);
  session = await pinnedSession(database);
});
afterAll(async () => {
  await session.end();
  await database[Symbol.asyncDispose]();
});

/** Random values, judged; and that both kinds of pairs were among them, lest the property be empty. */
async function holds(family: Sampled): Promise<void> {
  const seen = { equal: 0, different: 0 };
  const values = fc.array(fc.option(family.value, { freq: 20 }), { minLength: 40, maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(values, async (list) => {
      // a domain that refuses NULL has none
      const verdict = await judge(
        session,
        family,
        family.type === 'public.amount' ? list.filter((v) => v !== null) : list,
      );
      seen.equal += verdict.equal;
      seen.different += verdict.different;
      expect(verdict.wrong).toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect(Math.min(seen.equal, seen.different)).toBeGreaterThan(0);
}

test.each(FAMILIES.map((f) => [f.type, f] as const))(
  '%s: equal values, and only these, have equal fingerprints',
  async (_, family) => {
    await holds(family);

    expect(isKnownType((await columnOf(session, family.type)).type)).toBe(true);
  },
);

test('xml: equal values, and only these, have equal fingerprints', async ({ skip }) => {
  const built = await database.client.query(`select '<a/>'::xml`).then(
    () => true,
    () => false,
  );
  skip(!built, 'this server is built without libxml');

  await holds(XML);
});

test.for(Object.entries(EXTENSIONS))('%s, in a schema of its own: likewise', async ([name, families], { skip }) => {
  const { rows } = await database.client.query('select from pg_available_extensions where name = $1', [name]);
  skip(rows.length === 0, 'this server does not ship the extension');
  await database.client.query(`create extension ${name} schema ext`);

  for (const family of families) {
    await holds(family);
    expect(isKnownType((await columnOf(session, family.type)).type)).toBe(name !== 'cube');
  }
});

test('a cast to text that somebody defined cannot make composites alike', async () => {
  await database.client.query(`
    create type careless as (a int, b int);
    create function public.shortened(careless) returns text language sql immutable as $$ select '…' $$;
    create cast (careless as text) with function public.shortened(careless)`);

  const verdict = await judge(session, { type: 'public.careless' }, ['(1,2)', '(1,3)', '(1,2)', '(,)', null]);

  expect(verdict.wrong).toEqual([]);
});

test.each([
  ['numeric[]', ['{0.1001}', '{0.11}', '{1.05,1.0}', '{15,1.0}', '{1.05,1.00}'], 1],
  ['numrange', ['[0.1001,1.0)', '[0.11,1.0)', '[1.05,20)', '[1.05,20.0)', '(1.05,20.0)', '[1.05,2)'], 1],
] as const)('cuts only zeros at the end of a fraction, and only of numbers: %s %j', async (type, values, equal) => {
  expect(await judge(session, { type }, values)).toMatchObject({ wrong: [], equal });
});

test('takes a long fraction, a long string and a deep document of jsonb for what they are', async () => {
  const [long, string] = ['1'.repeat(2000), '\\"1.0, '.repeat(2000)];

  const verdict = await judge(session, { type: 'jsonb', equality: EXACT }, [
    ...[`[0.${long}000]`, `[0.${long}]`, `[0.${long}01]`],
    ...[`["${string}", 2.0]`, `["${string}", 2]`, `["${string.replace('1.0', '1')}", 2]`],
    ...['7.70', '7.7', '7.07'].map((n) => '['.repeat(500) + n + ']'.repeat(500)),
  ]);

  expect(verdict).toEqual({ wrong: [], equal: 0, different: 36 });
});
