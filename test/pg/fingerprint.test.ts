import { expect, test } from 'vitest';
import type { PlannedColumn, TablePlan } from '../../lib/model/table.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

/** Rows that careless fingerprints take for one another: detection.md 1.2, and what PostgreSQL's own hashes confuse. */
const TEXT_TRAPS: readonly (readonly [a: readonly (string | null)[], b: readonly (string | null)[]])[] = [
  [
    [null, 'x'],
    ['', 'x'],
  ],
  [
    ['', 'x'],
    [null, 'x'],
  ],
  [
    ['p|q', 'r'],
    ['p', 'q|r'],
  ],
  [
    ['<null>', 'x'],
    [null, 'x'],
  ],
  [
    ['NULL', 'x'],
    [null, 'x'],
  ],
  [
    [null, 'w'],
    ['w', null],
  ],
  [
    [' ', 'x'],
    [null, 'x'],
  ],
  [
    ['N', 'x'],
    [null, 'x'],
  ],
  [
    ['1:a', 'b'],
    ['1', ':a1:b'],
  ],
];

/** Fills a table of one row for each case, runs one job over all of them, and says which rows it has written. */
async function written(cases: readonly { readonly columns: string; readonly a: Values; readonly b: Values }[]) {
  await using pair = await createPair();
  for (const [i, { columns, a, b }] of cases.entries()) {
    for (const [db, row] of [
      [pair.source, a],
      [pair.target, b],
    ] as const) {
      await db.client.query(`create table t${i} (id int primary key, ${columns})`);
      await db.client.query(`insert into t${i} values (1, ${row.map((_, n) => `$${n + 1}`).join(', ')})`, [...row]);
    }
  }
  const versions = async () => {
    const each = cases.map((_, i) => `select ${i} as i, xmin::text as version from t${i}`);
    return (await pair.target.client.query(`${each.join(' union all ')} order by i`)).rows.map((r) => r.version);
  };
  const before = await versions();
  const { job } = await runJob(pair);
  expect(job.state).toBe('completed');
  return (await versions()).map((version, i) => version !== before[i]);
}

type Values = readonly (string | null)[];

test('tells every row from its twin', async () => {
  const cases = TEXT_TRAPS.map(([a, b]) => ({ columns: 'x text, y text', a, b }));

  expect(await written(cases)).toEqual(TEXT_TRAPS.map(() => true));
});

test('finds values swapped between two rows of a bucket', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(
      `create table t (id int primary key, x text); insert into t select i, 'v' || i from generate_series(1, 64) i`,
    );
  }
  await pair.target.client.query(`update t set x = case id when 1 then 'v2' else 'v1' end where id in (1, 2)`);

  const { counts } = await runJob(pair);

  expect(counts).toMatchObject({ updated: 2, unchanged: 62 });
});

/** Pairs that PostgreSQL's own hash functions take for equal, whatever the seed, and pairs with equal text after a careless cast. */
const TYPE_TRAPS: readonly (readonly [type: string, a: string, b: string])[] = [
  ['int8', '0', '4294967297'],
  ['int8', '-1', '4294967295'],
  ['numeric', '5', '-5'],
  ['numeric', 'NaN', 'Infinity'],
  ['numeric', 'Infinity', '-Infinity'],
  ['timestamp', '2000-01-01 00:00:00', '2000-01-01 01:11:34.967297'],
  ['timestamptz', '2000-01-01 00:00:00+00', '2000-01-01 01:11:34.967297+00'],
  ['time', '00:00:00', '01:11:34.967297'],
  ['jsonb', '[[1], 2]', '[[1, 2]]'],
  ['jsonb', '{"a": 5}', '{"a": -5}'],
  ['jsonb', '{"a": {"b": 1}, "c": 2}', '{"a": {"b": 1, "c": 2}}'],
  ['int4[]', '{1,2,3,4}', '{{1,2},{3,4}}'],
  ['int4[]', '{1,2}', '[0:1]={1,2}'],
  ['int8range', '[1,5)', '[1,4)'],
  ['interval', '1 mon', '30 days'],
  ['bit varying', '01', '001'],
  ['float8', 'NaN', '0'],
  ['json', '{"a":1}', '{"a":2}'],
  ['bytea', '\\x00', '\\x0000'],
];

test('tells every value from its twin', async () => {
  const cases = TYPE_TRAPS.map(([type, a, b]) => ({ columns: `x ${type}`, a: [a], b: [b] }));

  expect(await written(cases)).toEqual(TYPE_TRAPS.map(() => true));
});

const EQUAL = [
  ['numeric', '1.0', '1.00'],
  ['float8', '0', '-0'],
  ['float4', '0', '-0'],
  ['jsonb', '{"a": 1, "b": 2}', '{"b": 2, "a": 1}'],
  ['timestamptz', '2024-01-01 00:00:00+00', '2024-01-01 02:00:00+02'],
] as const;

test('takes values that PostgreSQL takes for equal for equal', async () => {
  const cases = EQUAL.map(([type, a, b]) => ({ columns: `x ${type}`, a: [a], b: [b] }));

  expect(await written(cases)).toEqual(EQUAL.map(() => false));
});

test('compares enums by label, whatever the order they were created in', async () => {
  await using pair = await createPair();
  await pair.source.client.query(
    `create type zone as enum ('A', 'B'); create table t (id int primary key, z zone); insert into t values (1, 'A'), (2, 'B')`,
  );
  await pair.target.client.query(
    `create type zone as enum ('B', 'A'); create table t (id int primary key, z zone); insert into t values (1, 'A'), (2, 'A')`,
  );

  const { counts } = await runJob(pair);

  expect(counts).toMatchObject({ updated: 1, unchanged: 1 });
});

const MIXED = `create table t (id int8 primary key, i int4, n numeric, x text, ts timestamptz, j jsonb, a text[], b bytea, d date, f float8)`;
const MIXED_ROWS = `insert into t select i, i % 7, i * 1.5, 'x' || i, timestamptz '2024-01-01' + i * interval '1 s', jsonb_build_object('k', i), array['a', 'b' || i],
  decode(lpad(to_hex(i), 8, '0'), 'hex'), date '2024-01-01' + (i % 900), i / 3.0 from generate_series(1, 2000) i`;
/** One change each, of the column that the number picks; `%s` is a key. */
const MUTATIONS = [
  'update t set i = coalesce(i, 0) + 1 where id = %s',
  'update t set n = -n - 1 where id = %s',
  `update t set x = coalesce(x, '') || ' ' where id = %s`,
  `update t set ts = ts + interval '4294.967296 s' where id = %s`,
  `update t set j = jsonb_build_array(j) where id = %s`,
  `update t set a = array_prepend('', a) where id = %s`,
  `update t set b = b || '\\x00' where id = %s`,
  `update t set d = case when d is null then date '2000-01-01' end where id = %s`,
  'update t set f = -f - 0.5 where id = %s',
  'delete from t where id = %s',
];

/** A small generator with a seed: the same numbers each time. */
function numbers(seed: number) {
  let s = seed;
  return (below: number) => {
    s = (s * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((s / 2_147_483_648) * below);
  };
}

test('finds each of 1,000 random mutations', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(MIXED);
    await db.client.query(MIXED_ROWS);
  }
  const random = numbers(20_261_122);
  const touched = new Set<number>();
  while (touched.size < 1000) {
    const id = 1 + random(2000);
    if (touched.has(id)) continue;
    touched.add(id);
    await pair.target.client.query((MUTATIONS[random(MUTATIONS.length)] ?? '').replace('%s', String(id)));
  }

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed');
  expect(counts.inserted + counts.updated).toBe(1000);
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

const column = (name: string, type: string): PlannedColumn => {
  const base = { schema: 'pg_catalog', name: type, kind: 'b' };
  return { name, type: { ...base, base } };
};

test('the portable form separates the same traps as the fast one', async () => {
  await using pair = await createPair();
  const { client, connection } = pair.source;
  await client.query('create table t (id int4 primary key, x text, y text, n numeric, i int8)');
  for (const [i, [a, b]] of TEXT_TRAPS.entries()) {
    for (const [j, row] of [a, b].entries())
      await client.query('insert into t values ($1, $2, $3, $4, $5)', [
        2 * i + j,
        ...row,
        j ? '5' : '-5',
        j ? '0' : '4294967297',
      ]);
  }
  const database = await postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' }).source(connection, {
    name: 'probe',
    statementTimeoutMs: 0,
  });
  const table = { schema: 'public', name: 't' };
  const plan = (columns: readonly PlannedColumn[]): TablePlan => ({
    version: 1,
    table: 0,
    level: 0,
    source: table,
    target: table,
    key: ['id'],
    fingerprint: 'portable',
    selfReferencing: false,
    sideEffects: false,
    verifyAll: false,
    sourceSnapshot: '1:1:',
    filters: [],
    compares: 'row',
    tolerances: {},
    rowsEstimate: 20,
    rowBytesEstimate: 50,
    columns: [column('id', 'int4'), ...columns],
  });
  const segment = {
    rowsEstimate: 20,
    buckets: { keyspace: 'integer', lo: '0', width: '1', ranges: 20, split: 1 },
  } as const;
  // without the key among the columns every row of a pair would have to differ by its values alone
  const values = plan([column('x', 'text'), column('y', 'text')]);
  const opened = await database
    .reader({ ...values, columns: values.columns.slice(1).concat(column('id', 'int4')) }, segment)
    .open([[0, 19]]);

  expect(new Set(opened.map((r) => r.fingerprint)).size).toBe(opened.length);
  await database.close();
});
