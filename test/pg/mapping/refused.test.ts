import { expect, test } from 'vitest';
import type { SyncError } from '../../../lib/model/errors.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { ports, runJob, start } from '../../support/in-process.ts';

const SOURCE = `
  create type kind as enum ('a', 'b');
  create table own (id int primary key, code text, amount numeric(12,2), at timestamptz, k kind, doc jsonb, gen int generated always as (1) stored,
    loud text generated always as (upper(code)) stored);
  create view near as select id, loud from own;
  create view seen as select * from near;
  create table child (primary key (id)) inherits (own);
  create table people (code text primary key, name text);
  create table codes (code text not null, name text);
  create table huge (code int primary key, name text);
  insert into codes values ('a', 'x'), ('a', 'y');
  insert into own values (1, 'a', 1, now(), 'a', '{}'), (2, 'a', 2, now(), 'b', '{}');
  insert into huge select i, 'n' from generate_series(1, 10001) i`;

const TARGET = `
  create schema there;
  create type color as enum ('red', 'green');
  create table there.thing (
    key bigint primary key, label text not null default '', short varchar(3), whole int, day date, c color,
    must text not null, doubled int generated always as (whole * 2) stored, mail text unique, shape int4range);
  create table codes2 (code text primary key, name text)`;

async function twoShapes(): Promise<TestPair> {
  const pair = await createPair();
  await pair.source.client.query(SOURCE);
  await pair.target.client.query(TARGET);
  return pair;
}

/** What a start is refused with; fails when it is not, or when anything was written. */
async function refusal(pair: TestPair, config: object): Promise<SyncError> {
  const p = ports();
  const error = await start(pair, config, p).then(
    () => undefined,
    (e: unknown) => e as SyncError,
  );
  if (!error) throw new Error('the start was accepted');
  expect((await p.jobs.list({ limit: 10 })).jobs).toEqual([]);
  const { rows } = await pair.target.client.query(`select to_regnamespace('tf_sync') as ns`);
  expect(rows[0].ns).toBeNull();
  return error;
}

const GOOD = { key: 'id', must: { constant: 'x' }, day: { omit: true } };
const of = (columns: object, more: object = {}) => ({
  mapping: { 'there.thing': { from: 'public.own', columns: { ...GOOD, ...columns }, unnamed: 'omit', ...more } },
  tables: { include: ['there.thing'] },
});

test('accepts what the refused mappings below were made of', async () => {
  await using pair = await twoShapes();
  await expect(start(pair, of({}) as never)).resolves.toMatchObject({ state: 'created' });
});

const at = (column: string) => `/config/mapping/there.thing/columns/${column}`;

test.each<readonly [string, object, readonly (readonly [code: string, field: string | undefined])[]]>([
  [
    'a target table that is not there',
    { mapping: { 'there.gone': { from: 'public.own' } } },
    [['table_not_found', '/config/mapping/there.gone']],
  ],
  [
    'a source table that is not there',
    of({}, { from: 'public.gone' }),
    [['table_not_found', '/config/mapping/there.thing/from']],
  ],
  ['a target column that is not there', of({ none: 'code' }), [['column_not_found', at('none')]]],
  ['a source column that is not there', of({ label: 'none' }), [['column_not_found', at('label')]]],
  ['a type that loses', of({ short: 'code' }), [['type_lossy', undefined]]],
  ['types without a meaning in each other', of({ whole: 'doc' }), [['type_incompatible', undefined]]],
  ['a NOT NULL column without a source', of({ must: { omit: true } }), [['target_column_unmapped', undefined]]],
  ['a generated column', of({ doubled: 'id' }), [['target_column_generated', undefined]]],
  ['a generated column that is computed', of({ doubled: { constant: 1 } }), [['target_column_generated', undefined]]],
  ['a default that is none', of({ whole: { default: true } }), [['mapping_invalid', at('whole')]]],
  ['a constant of another type', of({ whole: { constant: 'many' } }), [['mapping_invalid', at('whole')]]],
  ['a label that the enum lacks', of({ c: { column: 'code', values: { a: 'blue' } } }), [['mapping_invalid', at('c')]]],
  ['a constant of a type without', of({ shape: { constant: '[1,x)' } }), [['mapping_invalid', at('shape')]]],
  ['a path into no json', of({ label: { column: 'code', json_path: ['x'] } }), [['mapping_invalid', at('label')]]],
  [
    'a path to a type that nobody reads',
    of({ shape: { column: 'doc', json_path: ['x'] } }),
    [['mapping_invalid', at('shape')]],
  ],
  [
    'a geometry that is none',
    of({ label: { column: 'code', geometry: { srid: 4326 } } }),
    [['mapping_invalid', at('label')]],
  ],
  [
    'a key that is not filled',
    of({ key: { omit: true }, mail: { omit: true } }),
    [
      ['mapping_key_missing', '/config/mapping/there.thing'],
      ['target_column_unmapped', undefined],
    ],
  ],
  [
    'a key that is not always there',
    of({ key: { column: 'code', values: { b: 2 } } }),
    [['mapping_key_fallible', at('key')]],
  ],
  [
    'a key that repeats after it was mapped',
    of({ key: { column: 'code', values: { a: 7 }, otherwise: 'null' } }),
    [['key_not_unique', '/config/mapping/there.thing']],
  ],
  [
    'a lookup in no table',
    of({ label: { column: 'code', lookup: { table: 'public.none', match: 'code', take: 'name' } } }),
    [['lookup_invalid', at('label')]],
  ],
  [
    'a lookup in no column',
    of({ label: { column: 'code', lookup: { table: 'public.codes2', match: 'code', take: 'none' } } }),
    [['lookup_invalid', at('label')]],
  ],
  [
    'a lookup whose values repeat',
    of({ label: { column: 'code', lookup: { side: 'source', table: 'public.codes', match: 'code', take: 'name' } } }),
    [['lookup_invalid', at('label')]],
  ],
  [
    'a lookup in a table of facts',
    of({ label: { column: 'code', lookup: { side: 'source', table: 'public.huge', match: 'code', take: 'name' } } }),
    [['lookup_invalid', at('label')]],
  ],
  [
    'an expression that would leave its language',
    of({ label: { expression: 'constructor.constructor("return process")()' } }),
    [['expression_invalid', at('label')]],
  ],
  ['a function that is none', of({ label: { expression: 'evil(code)' } }), [['expression_invalid', at('label')]]],
  [
    'an expression that is too deep',
    of({ label: { expression: `${'('.repeat(300)}code${')'.repeat(300)}` } }),
    [['expression_invalid', at('label')]],
  ],
  ['an expression that is none', of({ label: { expression: 'code +' } }), [['expression_invalid', at('label')]]],
  [
    'personal data that arrives under another name',
    { ...of({ label: 'code' }), pii_columns: ['public.own.code'] },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data in a json document',
    { ...of({ label: { json_object: { c: 'code' } } }), pii_columns: ['public.own.code'] },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data that is looked up',
    {
      ...of({
        label: { column: 'code', lookup: { side: 'source', table: 'public.people', match: 'code', take: 'name' } },
      }),
      pii_columns: ['public.people.name'],
    },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data that a lookup matches',
    {
      ...of({
        label: { column: 'code', lookup: { side: 'source', table: 'public.people', match: 'code', take: 'name' } },
      }),
      pii_columns: ['public.people.code'],
    },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data that a generated column is made of',
    { ...of({ label: 'loud' }), pii_columns: ['public.own.code'] },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data behind two views',
    {
      ...of({ key: 'id', label: 'loud' }, { from: 'public.seen' }),
      pii_columns: ['public.own.code'],
      key_columns: { 'there.thing': ['key'] },
    },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data that a child of its table inherits',
    { ...of({ label: 'code' }, { from: 'public.child' }), pii_columns: ['public.own.code'] },
    [['pii_unmasked', '/config/pii_columns']],
  ],
  [
    'personal data that nobody knows',
    { ...of({}), pii_columns: ['public.own.codes'] },
    [['column_not_found', '/config/pii_columns']],
  ],
  [
    'a table that is excluded and its column named',
    { ...of({}), columns: { 'public.own': { exclude: ['code'] } } },
    [['table_not_found', '/config/columns']],
  ],
] as const)('refuses %s', async (_, config, expected) => {
  await using pair = await twoShapes();

  const { problems } = await refusal(pair, config);

  expect(problems.map((p) => [p.code, p.field])).toEqual(expected);
  for (const p of problems) expect(p.message).not.toBe('');
});

test('names everything that is wrong at once', async () => {
  await using pair = await twoShapes();

  const { problems } = await refusal(
    pair,
    of({ label: 'none', whole: { constant: 'many' }, none: 'code', short: 'code' }),
  );

  expect(problems.map((p) => p.code).sort()).toEqual([
    'column_not_found',
    'column_not_found',
    'mapping_invalid',
    'type_lossy',
  ]);
});

/** People whose names a column of both sides is generated from. */
const PEOPLE = `create table person (id int primary key, name text, updated_at timestamptz default now(),
  loud text generated always as (upper(name)) stored)`;

const person = (columns: object, more: object = {}) => ({
  mapping: { 'public.person': { from: 'public.person', columns } },
  pii_columns: ['public.person.name'],
  ...more,
});

test('lets a column be that the target generates anew from what is masked', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(PEOPLE);
  await pair.source.client.query(`insert into person values (1, 'Ada')`);
  const { job } = await runJob(
    pair,
    person({ name: { column: 'name', mask: { kind: 'fake', as: 'first_name' } } }) as never,
  );

  expect(job.state).toBe('completed');
  const { rows } = await pair.target.client.query('select loud = upper(name) as same, loud from person');
  expect(rows).toEqual([{ same: 't', loud: expect.not.stringContaining('ADA') }]);
});

test.each([
  ['detects', { detection_strategy: 'timestamp' }, 'timestamp_column_missing'],
  [
    'detects by name',
    { detection_strategy: 'timestamp', timestamp_columns: { 'public.person': 'updated_at' } },
    'timestamp_column_missing',
  ],
  ['decides', { conflict_strategy: 'newer_wins' }, 'newer_column_missing'],
])('refuses a masked time where the job %s by it', async (_, how, code) => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(PEOPLE);
  const columns = { name: { omit: true }, updated_at: { column: 'updated_at', mask: { kind: 'shift_days', days: 9 } } };

  expect((await refusal(pair, person(columns, how))).problems.map((p) => p.code)).toEqual([code]);
});

test('lets personal data be where it does not arrive', async () => {
  await using pair = await twoShapes();
  await expect(
    start(pair, { ...of({}), pii_columns: ['public.own.code', 'there.thing.mail'] } as never),
  ).resolves.toMatchObject({
    state: 'created',
  });
});
