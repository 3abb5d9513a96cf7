import { expect, test } from 'vitest';
import { createPair } from '../support/databases.ts';
import { runJob, start } from '../support/in-process.ts';

test.each([
  ['int4', 'int8', '7', '7'],
  ['int8', 'numeric', '-9007199254740993', '-9007199254740993'],
  ['numeric(8,2)', 'numeric(10,4)', '12.50', '12.5000'],
  ['varchar(10)', 'text', 'Ångström', 'Ångström'],
  ['char(5)', 'text', 'ab', 'ab'],
  ['date', 'timestamp', '2024-02-29', '2024-02-29 00:00:00'],
  ['float4', 'float8', '0.5', '0.5'],
  ['int4[]', 'int8[]', '{1,2}', '{1,2}'],
  ['uuid', 'text', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001'],
] as const)('widens %s to %s, and finds nothing to do the second time', async (from, to, value, expected) => {
  await using pair = await createPair();
  await pair.source.client.query(`create table t (id int primary key, x ${from})`);
  await pair.target.client.query(`create table t (id bigint primary key, x ${to})`);
  await pair.source.client.query('insert into t values (1, $1), (2, null)', [value]);

  const first = await runJob(pair);
  const second = await runJob(pair);

  expect(first.job.failure).toBeUndefined();
  expect(first.counts).toMatchObject({ inserted: 2 });
  expect((await pair.target.client.query('select x from t order by id')).rows).toEqual([{ x: expected }, { x: null }]);
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: 2 });
});

test.each([
  ['int8', 'int4'],
  ['numeric(10,4)', 'numeric(5,2)'],
  ['text', 'varchar(10)'],
  ['varchar(20)', 'varchar(10)'],
  ['float8', 'numeric'],
  ['timestamptz', 'timestamp'],
] as const)('refuses to narrow %s to %s unless that is allowed', async (from, to) => {
  await using pair = await createPair();
  await pair.source.client.query(`create table t (id int primary key, x ${from})`);
  await pair.target.client.query(`create table t (id int primary key, x ${to})`);

  await expect(start(pair)).rejects.toMatchObject({ code: 'type_lossy' });
  await expect(start(pair, { allow_lossy: true })).resolves.toMatchObject({ state: 'created' });
});

test.each([
  ['jsonb', 'int4'],
  ['int4', 'bool'],
  ['text', 'int4'],
  ['int4[]', 'int4'],
  ['bytea', 'uuid'],
] as const)('finds no meaning in %s as %s', async (from, to) => {
  await using pair = await createPair();
  await pair.source.client.query(`create table t (id int primary key, x ${from})`);
  await pair.target.client.query(`create table t (id int primary key, x ${to})`);

  await expect(start(pair, { allow_lossy: true })).rejects.toMatchObject({ code: 'type_incompatible' });
});
