import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import type { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, start } from '../support/in-process.ts';

/*
 * Rows 26 to 46 of the list of bad inputs; rows 1 to 25 are in test/e2e/bad-input.test.ts, 61 to 64 in bad-rows.test.ts.
 *
 * | row | where |
 * |---|---|
 * | 26 | the timestamp strategy's own tests |
 * | 27 | newer_wins without an update column: test/pg/conflicts-baseline.test.ts; a word that is none is refused, below |
 * | 28, 29 | cdc-limits.test.ts |
 * | 35 | a mapping is written by target column, so two onto one are a key that stands twice: row 2, test/e2e/bad-input.test.ts |
 * | 36 | mappings: mapping/refused.test.ts. Column lists that name what is not there: below |
 * | 53 | preflight.test.ts: a second job on the same target table */

/** What a wrong start is answered with. Every problem has a remedy: its own, or that of its code. */
interface Refusal {
  readonly row: string;
  readonly what: string;
  readonly both?: string;
  readonly source?: string;
  readonly target?: string;
  readonly config?: Partial<JobConfig>;
  /** `code side object`, in order of appearance. */
  readonly problems: readonly string[];
  readonly hint?: RegExp | string;
  readonly message?: RegExp;
}

const T = 'create table t (id int primary key, x text)';
const NEAR = 'create table parcels (id int primary key); create table owners (id int primary key)';
const HOSTILE = 'x"; drop table t;--';
const of = (type: string) => `create table t (id int primary key, v ${type})`;

const refusals: readonly Refusal[] = [
  {
    row: '31',
    what: 'a table named twice',
    both: T,
    config: { tables: { include: ['public.t', 'public.t'] } },
    problems: ['tables_contradiction - public.t'],
    message: /named twice/,
  },
  {
    row: '31',
    what: 'a table included and excluded',
    both: T,
    config: { tables: { include: ['public.t'], exclude: ['public.t'] } },
    problems: ['tables_contradiction - public.t', 'tables_empty source -'],
  },
  {
    row: '31',
    what: 'everything excluded',
    both: T,
    config: { tables: { exclude: ['*'] } },
    problems: ['tables_empty source -'],
  },
  {
    row: '31',
    what: 'a column included and excluded',
    both: T,
    config: { columns: { 'public.t': { include: ['x'], exclude: ['x'] } } },
    problems: ['tables_contradiction - x'],
  },
  {
    row: '31',
    what: 'a key column excluded',
    both: T,
    config: { columns: { 'public.t': { exclude: ['id'] } } },
    problems: ['tables_contradiction - public.t.id'],
  },
  {
    row: '32',
    what: 'a table the source lacks',
    both: NEAR,
    config: { tables: { include: ['public.parcel'] } },
    problems: ['table_not_found source public.parcel', 'tables_empty source -'],
    hint: 'Did you mean public.parcels?',
  },
  {
    row: '32',
    what: 'a table with letters swapped',
    both: NEAR,
    config: { tables: { include: ['public.owners', 'public.pracels'] } },
    problems: ['table_not_found source public.pracels'],
    hint: 'Did you mean public.parcels?',
  },
  {
    row: '32',
    what: 'a mapping of a table with letters swapped',
    both: NEAR,
    config: { mapping: { 'public.parcels': { from: 'public.pracels', columns: {}, unnamed: 'same_name' } } },
    problems: ['table_not_found source public.pracels'],
    hint: 'Did you mean public.parcels?',
  },
  {
    row: '32',
    what: 'a table the target lacks',
    both: T,
    source: 'create table lost (id int primary key)',
    problems: ['table_not_found target public.lost'],
    hint: 'Create the table in the target.',
  },
  {
    row: '32',
    what: 'a filter on a table that takes no part',
    both: NEAR,
    config: {
      tables: { include: ['public.owners'] },
      filters: { 'public.parcels': [{ column: 'id', op: 'not_null' }] },
    },
    problems: ['table_not_found source public.parcels'],
  },
  {
    row: '33',
    what: 'a table with a hostile name',
    both: T,
    config: { tables: { include: [HOSTILE] } },
    problems: [`table_not_found source ${HOSTILE}`, 'tables_empty source -'],
  },
  {
    row: '33',
    what: 'a key column with a hostile name',
    both: T,
    config: { key_columns: { 'public.t': [HOSTILE] } },
    problems: [`column_not_found source public.t.${HOSTILE}`],
  },
  {
    row: '34',
    what: 'a table name of 64 bytes',
    both: T,
    config: { tables: { exclude: [`public.${'n'.repeat(64)}`] } },
    problems: [`identifier_too_long - public.${'n'.repeat(64)}`],
    message: /longer than 63 bytes/,
  },
  {
    row: '34',
    what: 'a column name of 32 characters and 64 bytes',
    both: T,
    config: { columns: { 'public.t': { exclude: ['ä'.repeat(32)] } } },
    problems: [`identifier_too_long - ${'ä'.repeat(32)}`, `column_not_found source public.t.${'ä'.repeat(32)}`],
  },
  {
    row: '36',
    what: 'a column that does not exist',
    both: T,
    config: { columns: { 'public.t': { include: ['y'] } } },
    problems: ['column_not_found source public.t.y'],
  },
  {
    row: '36',
    what: 'a source column the target lacks',
    source: 'create table t (id int primary key, x text, y int)',
    target: T,
    problems: ['column_not_found target public.t.y'],
    hint: 'Add the column y integer to the target table.',
  },
  {
    row: '37',
    what: 'a NOT NULL target column without source or default',
    source: T,
    target: 'create table t (id int primary key, x text, needed int not null)',
    problems: ['target_column_unmapped target public.t.needed'],
    hint: 'Give it a default, or drop NOT NULL.',
  },
  {
    row: '38',
    what: 'a column generated in the target alone',
    source: of('int'),
    target: of('int generated always as (1) stored'),
    problems: ['target_column_generated target public.t.v'],
  },
  {
    row: '39',
    what: 'jsonb into int',
    source: of('jsonb'),
    target: of('int'),
    problems: ['type_incompatible target public.t.v'],
    message: /jsonb in the source and integer in the target/,
  },
  {
    row: '40',
    what: 'int8 into int4',
    source: of('int8'),
    target: of('int4'),
    problems: ['type_lossy target public.t.v'],
    hint: /Widen the target column, or set allow_lossy/,
  },
  {
    row: '40',
    what: 'numeric(10,4) into numeric(5,2)',
    source: of('numeric(10,4)'),
    target: of('numeric(5,2)'),
    problems: ['type_lossy target public.t.v'],
  },
  {
    row: '41',
    what: 'a table without any key',
    both: 'create table t (x int)',
    problems: ['no_key source public.t'],
    hint: /key_columns/,
  },
  {
    row: '42',
    what: 'key_columns that repeat and are NULL',
    both: `create table t (x int); insert into t values (1), (1), (null), (2)`,
    config: { key_columns: { 'public.t': ['x'] } },
    problems: ['key_not_unique source public.t', 'key_not_unique target public.t'],
    message: /2 keys of public\.t over \(x\) repeat or are NULL/,
  },
  {
    row: '42',
    what: 'key_columns that repeat in the target alone',
    both: 'create table t (x int)',
    source: 'insert into t values (1), (2)',
    target: 'insert into t values (1), (1)',
    config: { key_columns: { 'public.t': ['x'] } },
    problems: ['key_not_unique target public.t'],
  },
  {
    row: '43',
    what: 'a table of the system catalog',
    both: T,
    config: { tables: { include: ['pg_catalog.pg_class'] } },
    problems: ['table_not_found source pg_catalog.pg_class', 'tables_empty source -'],
  },
  {
    row: '46',
    what: 'a cycle of foreign keys that nothing opens',
    both: `create table a (id int primary key, b int not null); create table b (id int primary key, a int not null references a);
      alter table a add foreign key (b) references b`,
    problems: ['fk_cycle target public.a, public.b'],
    hint: 'Make a column of one of these foreign keys nullable, or use triggers: "suppress".',
    message: /public\.a -> public\.b -> public\.a/,
  },
];

/** Everything that a refused start could have left behind. */
async function untouched(pair: TestPair, before: string): Promise<void> {
  expect(await contents(pair)).toBe(before);
  const { rows } = await pair.target.client.query(`select to_regnamespace('tf_sync') as ns`);
  expect(rows[0].ns).toBeNull();
}

/** Tables of both sides, by name, and their rows. */
async function contents(pair: TestPair): Promise<string> {
  const all = [];
  for (const { client } of [pair.source, pair.target]) {
    const { rows } =
      await client.query(`select c.relname, query_to_xml(format('select * from %I.%I', n.nspname, c.relname), true, true, '') as rows
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname !~ '^pg_|information_schema' order by 1`);
    all.push(rows);
  }
  return JSON.stringify(all);
}

/** What the start is refused with; nothing may have been written by it. */
async function refused(pair: TestPair, config: Partial<JobConfig>): Promise<SyncError> {
  const p = ports();
  const before = await contents(pair);
  const error = await start(pair, config, p).then(
    () => undefined,
    (e: unknown) => e as SyncError,
  );
  if (!error) throw new Error('the start was accepted');
  expect((await p.jobs.list({ limit: 1 })).jobs).toEqual([]);
  await untouched(pair, before);
  return error;
}

const shortly = (error: SyncError) => error.problems.map((p) => `${p.code} ${p.side ?? '-'} ${p.object ?? '-'}`);

let pair: TestPair;
beforeAll(async () => {
  pair = await createPair();
});
afterAll(() => pair[Symbol.asyncDispose]());
const FRESH = 'drop schema public cascade; create schema public';

test.each(refusals)('row $row: $what is refused, and nothing is written', async (r) => {
  for (const [db, own] of [
    [pair.source, r.source],
    [pair.target, r.target],
  ] as const)
    await db.client.query([FRESH, r.both, own].filter(Boolean).join(';'));

  const error = await refused(pair, r.config ?? {});

  expect(shortly(error)).toEqual(r.problems);
  if (r.hint) expect(error.problems[0]?.hint).toMatch(r.hint);
  if (r.message) expect(error.problems[0]?.message).toMatch(r.message);
});

test.each([
  ['43', 'view', 'create view v as select 1 as id'],
  ['43', 'materialized view', 'create materialized view v as select 1 as id'],
  [
    '43',
    'foreign table',
    'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table v (id int) server s',
  ],
] as const)('row %s: a %s in the place of a target table is refused', async (_row, _kind, make) => {
  for (const db of [pair.source, pair.target]) await db.client.query(FRESH);
  await pair.source.client.query('create table v (id int primary key)');
  await pair.target.client.query(make);

  const error = await refused(pair, {});

  expect(shortly(error)).toEqual(['relation_kind_unsupported target public.v']);
});

/** A start as a role with no more rights than `grants` gives it, on one side. */
async function asRole(pair: TestPair, side: 'source' | 'target', sql: (role: string) => string) {
  const role = `weak_${pair[side].name}`;
  await pair[side].client.query(`create role ${role} login password 'pw'; ${sql(role)}`);
  const connection = { ...pair[side].connection, user: role, password: new Secret('pw') };
  return {
    weak: { ...pair, [side]: { ...pair[side], connection } } as TestPair,
    role,
    [Symbol.asyncDispose]: async () => {
      await pair[side].client.query(`drop owned by ${role}; drop role ${role}`);
    },
  };
}

test.each(['source', 'target'] as const)('row 44: row security that hides rows of the %s is refused', async (side) => {
  for (const db of [pair.source, pair.target])
    await db.client.query(`${FRESH};` + `${T}; insert into t values (1, 'a'), (2, 'b')`);
  await pair[side].client.query(`alter table t enable row level security; create policy a_few on t using (id = 1)`);
  await using as = await asRole(
    pair,
    side,
    (role) => `grant usage, create on schema public to ${role}; grant create on database ${pair[side].name} to ${role};
      grant all on all tables in schema public to ${role}`,
  );

  const error = await refused(as.weak, {});

  expect(shortly(error)).toEqual([`rls_partial_view ${side} public.t`]);
  expect(error.problems[0]?.hint).toBe('Use a role with BYPASSRLS, or the table owner.');
});

const PRIVILEGES = [
  ['source', 'SELECT'],
  ['target', 'SELECT'],
  ['target', 'INSERT'],
  ['target', 'UPDATE'],
  ['target', 'DELETE'],
] as const;

test.each(PRIVILEGES)('row 45: a %s role without %s is refused with the GRANT', async (side, privilege) => {
  for (const db of [pair.source, pair.target]) await db.client.query(`${FRESH}; ${T}`);
  await using as = await asRole(
    pair,
    side,
    (role) => `grant usage on schema public to ${role}; grant create on database ${pair[side].name} to ${role};
      grant all on t to ${role}; revoke ${privilege} on t from ${role}`,
  );

  const error = await refused(as.weak, { delete_mode: 'mirror' });

  expect(shortly(error)).toEqual([`privilege_missing ${side} public.t`]);
  expect(error.problems[0]?.hint).toContain(`GRANT ${privilege} ON public.t TO ${as.role};`);
});

test('row 33: a hostile table name stands quoted in the statement that a hint proposes', async () => {
  const name = HOSTILE.replaceAll('"', '""');
  for (const db of [pair.source, pair.target])
    await db.client.query(`${FRESH}; create table "${name}" (id int primary key)`);
  await using as = await asRole(
    pair,
    'target',
    (role) => `grant usage on schema public to ${role}; grant create on database ${pair.target.name} to ${role}`,
  );

  const error = await refused(as.weak, {});

  expect(error.problems[0]?.hint).toBe(`GRANT SELECT, INSERT, UPDATE, DELETE ON public."${name}" TO ${as.role};`);
  await pair.target.client.query(error.problems[0]?.hint ?? '');
  expect((await start(as.weak)).state).toBe('created');
  await pair.target.client.query('drop schema tf_sync cascade');
});

test('row 45: everything that a role lacks is listed at once', async () => {
  const tables =
    'drop schema if exists h cascade; drop schema public cascade; create schema public; create table t (id serial primary key); create schema h; create table h.u (id int primary key)';
  for (const db of [pair.source, pair.target]) await db.client.query(tables);
  await using as = await asRole(pair, 'target', () => '');

  const error = await refused(as.weak, { delete_mode: 'mirror', triggers: 'suppress' });

  expect(error.problems.map((p) => p.hint?.replace(/ -- .*$/, ''))).toEqual([
    `GRANT CREATE ON DATABASE ${pair.target.name} TO ${as.role};`,
    `GRANT SET ON PARAMETER session_replication_role TO ${as.role};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON h.u TO ${as.role};`,
    `GRANT USAGE ON SCHEMA h TO ${as.role};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON public.t TO ${as.role};`,
    `GRANT USAGE ON SCHEMA public TO ${as.role};`,
    `GRANT UPDATE ON SEQUENCE public.t_id_seq TO ${as.role};`,
  ]);
});

test.each([
  ['27', { conflict_strategy: 'newest_wins' }],
  ['30', { audit_level: 'verbos' }],
  ['31', { tables: { include: [] } }],
  ['36', { columns: ['public.t.x'] }],
])('row %s: the config %j is refused before any database is asked', (_, config) => {
  const found = jobConfigSchema.safeParse(config);

  expect(found.success).toBe(false);
  expect(found.error?.issues.map((i) => i.code)).toEqual([
    expect.stringMatching(/invalid_value|too_small|unrecognized_keys|invalid_type/),
  ]);
});
