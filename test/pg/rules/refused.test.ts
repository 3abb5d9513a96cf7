import { expect, test } from 'vitest';
import type { SyncError } from '../../../lib/model/errors.ts';
import { createPair } from '../../support/databases.ts';
import { ports, start } from '../../support/in-process.ts';

const R = '/config/rules/public.parcel';
const one = (rule: object, more: object = {}) => ({ rules: { 'public.parcel': [rule] }, ...more });

const TABLE = 'create table parcel (id int primary key, price numeric, seen date, note text, ok bool)';

test.each<readonly [string, object, readonly (readonly [string, string])[]]>([
  [
    'a table that is not there',
    { rules: { 'public.gone': [{ rule: 'not_null', column: 'x' }] } },
    [['table_not_found', '/config/rules/public.gone']],
  ],
  [
    'a table without a key',
    { rules: { 'public.heap': [{ rule: 'not_null', column: 'x' }] }, detection_strategy: 'content' },
    [['rule_invalid', '/config/rules/public.heap']],
  ],
  ['a column that is not there', one({ rule: 'not_null', column: 'prise' }), [['column_not_found', `${R}/0`]]],
  ['a bound of another type', one({ rule: 'range', column: 'price', min: 'cheap' }), [['rule_invalid', `${R}/0`]]],
  ['a day that there is not', one({ rule: 'range', column: 'seen', min: '2026-02-30' }), [['rule_invalid', `${R}/0`]]],
  ['no bound at all', one({ rule: 'range', column: 'price' }), [['rule_invalid', `${R}/0`]]],
  [
    'a pattern with a back-reference',
    one({ rule: 'pattern', column: 'note', pattern: '(a)\\1' }),
    [['rule_invalid', `${R}/0`]],
  ],
  ['a value of another type', one({ rule: 'allowed', column: 'ok', values: ['yes'] }), [['rule_invalid', `${R}/0`]]],
  ['a shape that is none', one({ rule: 'geometry', column: 'note', valid: true }), [['rule_invalid', `${R}/0`]]],
  [
    'an age of what is no time',
    one({ rule: 'freshness', column: 'price', max_age_hours: 1 }),
    [['rule_invalid', `${R}/0`]],
  ],
  [
    'an expression that is no condition',
    one({ rule: 'expression', name: 'x', expression: 'price + 1' }),
    [['rule_invalid', `${R}/0`]],
  ],
  [
    'an expression over a column that is not there',
    one({ rule: 'expression', name: 'x', expression: 'prise > 1' }),
    [['rule_invalid', `${R}/0`]],
  ],
  ['an expression without a name', one({ rule: 'expression', expression: 'price > 1' }), [['rule_invalid', `${R}/0`]]],
  [
    'a table to look values up in that is not there',
    one({ rule: 'reference', columns: ['price'], table: 'public.gone', references: ['x'] }),
    [['table_not_found', `${R}/0`]],
  ],
  [
    'a column to look values up in that is not there',
    one({ rule: 'reference', columns: ['price'], table: 'public.parcel', references: ['x'] }),
    [['column_not_found', `${R}/0`]],
  ],
  [
    'columns that do not pair up',
    one({ rule: 'reference', columns: ['price'], table: 'public.parcel', references: ['id', 'price'] }),
    [['rule_invalid', `${R}/0`]],
  ],
  [
    'values of a column that does not travel',
    one({ rule: 'unique', columns: ['note'] }, { columns: { 'public.parcel': { exclude: ['note'] } } }),
    [['rule_invalid', `${R}/0`]],
  ],
  [
    'both directions',
    one({ rule: 'not_null', column: 'note' }, { direction: 'bidirectional', conflict_strategy: 'newer_wins' }),
    [['rule_invalid', R]],
  ],
])('refuses %s, and writes nothing', async (_, config, expected) => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(`${TABLE}; create table heap (x int)`);
  const p = ports();

  const error = await start(pair, config as never, p).then(
    () => undefined,
    (e: unknown) => e as SyncError,
  );

  const found = (error?.problems ?? []).map((x) => [x.code, x.field]);
  for (const problem of expected) expect(found).toContainEqual(problem);
  expect((await p.jobs.list({ limit: 10 })).jobs).toEqual([]);
  const { rows } = await pair.target.client.query(`select to_regnamespace('tf_sync') as ns`);
  expect(rows[0].ns).toBeNull();
});

test('names everything that is wrong at once', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(TABLE);
  const rules = [
    { rule: 'not_null', column: 'gone' },
    { rule: 'range', column: 'price', min: 'x' },
    { rule: 'expression', name: 'e', expression: '1 +' },
    { rule: 'not_null', column: 'note' },
    { rule: 'not_null', column: 'note' },
  ];

  const error = await start(pair, { rules: { 'public.parcel': rules } } as never).catch((e: SyncError) => e);

  const fields = ((error as SyncError).problems ?? []).map((p) => p.field);
  expect(fields.sort()).toEqual([0, 1, 2, 4].map((i) => `${R}/${i}`));
});
