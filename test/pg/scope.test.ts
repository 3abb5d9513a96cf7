import { expect, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob, start } from '../support/in-process.ts';

async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target]) {
    await db.client.query(`create table parcels (id int primary key, district text, value int, note text);
      create table permits (id int primary key, x text); create table log_a (id int primary key); create table log_b (id int primary key)`);
  }
  await pair.source.client.query(`insert into parcels select i, 'd' || i % 4, i, 'n' || i from generate_series(1, 400) i;
    insert into permits select i, 'x' from generate_series(1, 50) i; insert into log_a values (1); insert into log_b values (1)`);
}

const count = async (pair: TestPair, sql: string) =>
  Number((await pair.target.client.query(`select count(*) from ${sql}`)).rows[0].count);

test('takes only the tables that the patterns name', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const { job } = await runJob(pair, { tables: { include: ['public.p*', 'log_*'], exclude: ['public.log_b'] } });

  expect(job.state).toBe('completed');
  for (const [table, rows] of [
    ['parcels', 400],
    ['permits', 50],
    ['log_a', 1],
    ['log_b', 0],
  ] as const) {
    expect(await count(pair, table)).toBe(rows);
  }
});

test('leaves excluded columns alone', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(`insert into parcels select i, 'old', 0, 'mine' from generate_series(1, 400) i`);

  const { job } = await runJob(pair, { columns: { 'public.parcels': { exclude: ['note'] } } });

  expect(job.state).toBe('completed');
  expect(await count(pair, `parcels where note = 'mine' and district <> 'old' and value = id`)).toBe(400);
});

test('sees only rows that pass the filter, on both sides, and changes rows that come to pass it', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(
    `insert into parcels values (1, 'd3', 1, 'moved here since'), (900, 'd1', 0, 'extra in scope'), (901, 'd2', 0, 'extra out of scope')`,
  );

  const { job, counts } = await runJob(pair, {
    tables: { include: ['public.parcels'] },
    filters: {
      'public.parcels': [
        { column: 'district', op: 'eq', value: 'd1' },
        { column: 'value', op: 'lt', value: 300 },
      ],
    },
    delete_mode: 'mirror',
  });

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 74, updated: 1, deleted: 1 });
  expect(await count(pair, `parcels where district = 'd1'`)).toBe(75);
  expect(await count(pair, `parcels where id = 901`)).toBe(1);
});

test.each([
  [{ column: 'district', op: 'in', values: ['d1', 'd2'] }, 200],
  [{ column: 'district', op: 'ne', value: 'd1' }, 300],
  [{ column: 'value', op: 'gte', value: '391' }, 10],
  [{ column: 'note', op: 'is_null' }, 0],
  [{ column: 'note', op: 'not_null' }, 400],
  [{ column: 'note', op: 'eq', value: `x' or true --` }, 0],
] as const)('filter %j lets %i rows pass', async (filter, rows) => {
  await using pair = await createPair();
  await setUp(pair);

  const { counts } = await runJob(pair, {
    tables: { include: ['parcels'] },
    filters: { 'public.parcels': [{ ...filter, values: 'values' in filter ? [...filter.values] : undefined }] },
  });

  expect(counts.inserted).toBe(rows);
});

test('a dry run says what would change and writes no row', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await pair.target.client.query(`insert into parcels select i, 'old', 0, 'mine' from generate_series(101, 500) i`);
  const before = await rowVersions(pair.target.client);

  const dry = await runJob(pair, { dry_run: true, delete_mode: 'mirror' });
  const after = await rowVersions(pair.target.client);
  const real = await runJob(pair);

  expect(dry.job.state).toBe('completed');
  expect(dry.counts).toMatchObject({ inserted: 152, updated: 300, deleted: 100, kept: 0 });
  expect(after).toEqual(before);
  const [parcels] = await dry.ports.jobs
    .tables(dry.job.job_id)
    .then((t) => t.filter((x) => x.name === 'public.parcels'));
  expect(parcels?.samples?.insert).toHaveLength(5);
  expect(parcels?.samples?.delete).toHaveLength(5);
  expect(parcels?.samples?.update?.[0]).toEqual([expect.stringMatching(/^\d+$/)]);
  expect(real.counts).toMatchObject({ inserted: 152, updated: 300, kept: 100 });
});

test('a table without a key is synced by the key columns given, if they are unique and never NULL', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table k (a int, b text, x text)');
  await pair.source.client.query(`insert into k select i, 'b' || i, 'x' from generate_series(1, 100) i`);
  await pair.target.client.query(`insert into k select i, 'b' || i, 'old' from generate_series(50, 120) i`);
  const config = { key_columns: { 'public.k': ['a', 'b'] } };

  const { job } = await runJob(pair, { ...config, delete_mode: 'mirror' });
  const equal = summary(await compareDatabases(pair.source.client, pair.target.client));
  await pair.target.client.query(`insert into k values (7, 'b7', 'twice'), (null, 'n', 'x')`);

  expect(job.state).toBe('completed');
  expect(equal).toEqual({});
  await expect(start(pair)).rejects.toMatchObject({ code: 'no_key' });
  await expect(start(pair, config)).rejects.toMatchObject({ code: 'key_not_unique', problems: [{ side: 'target' }] });
});

test('verify: none ends visibly as unverified, all finds what was altered where the job wrote nothing', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await runJob(pair);
  const alter = {
    before: async (pass: string) =>
      void (pass === 'verify' && (await pair.target.client.query(`update permits set x = 'altered' where id = 9`))),
  };

  const none = await runJob(pair, { verify: 'none' });
  const changed = await runJob(pair, { verify: 'changed' }, alter);
  await pair.target.client.query(`update permits set x = 'x' where id = 9`);
  const all = await runJob(pair, { verify: 'all' }, alter);

  expect(none.job.state).toBe('completed_with_issues');
  expect((await none.ports.jobs.tables(none.job.job_id)).map((t) => t.state)).toEqual(Array(4).fill('unverified'));
  expect(changed.job.state).toBe('completed');
  expect(all.job.failure?.code).toBe('verification_failed');
});

test('names everything in the config that does not fit, at once', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const error = await start(pair, {
    tables: {
      include: ['public.*', 'public.parcel', 'public.x"; drop table parcels;--'],
      exclude: ['public.log_a', 'public.log_a'],
    },
    columns: { 'public.parcels': { exclude: ['id', 'valu'] } },
    filters: {
      'public.permits': [
        { column: 'x', op: 'in', value: 'a' },
        { column: 'y', op: 'is_null' },
      ],
    },
    key_columns: { 'public.none': ['id'] },
  }).catch((e) => e);

  expect(error.problems.map((p: { code: string; object?: string }) => `${p.code} ${p.object}`).sort()).toEqual([
    'column_not_found public.parcels.valu',
    'column_not_found public.permits.y',
    'filter_invalid public.permits.x',
    'table_not_found public.none',
    'table_not_found public.parcel',
    'table_not_found public.x"; drop table parcels;--',
    'tables_contradiction public.log_a',
    'tables_contradiction public.parcels.id',
  ]);
  expect(await count(pair, 'parcels')).toBe(0);
});

test('a row that no longer passes the filter in the source leaves the target, under mirror and where it is known', async () => {
  for (const delete_mode of ['mirror', 'tracked'] as const) {
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target])
      await client.query('create table t (id int primary key, active boolean not null)');
    await pair.source.client.query('insert into t select i, true from generate_series(1, 50) i');
    const config = { filters: { 'public.t': [{ column: 'active', op: 'eq' as const, value: true }] }, delete_mode };
    await runJob(pair, config);
    await pair.source.client.query('update t set active = false where id <= 3');

    const { job, counts } = await runJob(pair, config);

    expect([delete_mode, job.failure, counts.deleted]).toEqual([delete_mode, undefined, 3]);
  }
});
