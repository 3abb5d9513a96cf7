import { describe, expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob, start } from '../support/in-process.ts';
import { portsWith } from '../support/planned.ts';

async function both(pair: TestPair, sql: string) {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
}

const rowsOf = async (pair: TestPair, sql: string) =>
  (await pair.target.client.query({ text: sql, rowMode: 'array' })).rows;

const FAMILY = `create table parent (id int primary key, x text);
  create table child (primary key (id), extra int) inherits (parent);
  create table grandchild (primary key (id)) inherits (child)`;

test('a parent and its inheritance children are tables of their own: rows stay where they are', async () => {
  await using pair = await createPair();
  await both(pair, FAMILY);
  await pair.source.client.query(`insert into parent select i, 'p' || i from generate_series(1, 300) i;
    insert into child select i, 'c' || i, i from generate_series(200, 400) i; insert into grandchild values (7, 'g', 1)`);
  // the same key in parent and child, changed rows, surplus rows in each
  await pair.target.client.query(`insert into parent select i, 'old' from generate_series(250, 310) i;
    insert into child select i, 'c' || i, i from generate_series(200, 260) i; insert into child values (900, 'x', 0);
    insert into grandchild values (8, 'x', 0)`);

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  for (const table of ['parent', 'child', 'grandchild']) {
    const sql = `select t::text from only ${table} t order by 1`;
    expect(await rowsOf(pair, sql)).toEqual((await pair.source.client.query({ text: sql, rowMode: 'array' })).rows);
  }
  expect(counts).toMatchObject({ updated: 51, inserted: 249 + 140 + 1, deleted: 10 + 1 + 1 });
});

test('a parent on one side only: children of the target are left alone', async () => {
  await using pair = await createPair();
  await both(pair, 'create table parent (id int primary key, x text)');
  await pair.target.client.query(
    `create table own (primary key (id)) inherits (parent); insert into own values (1, 'mine'), (5, 'mine')`,
  );
  await pair.source.client.query(`insert into parent values (1, 'a'), (2, 'b')`);
  await pair.target.client.query(`insert into parent values (2, 'old'), (3, 'gone')`);

  const { job } = await runJob(pair, { delete_mode: 'mirror' });

  expect(job.failure).toBeUndefined();
  expect(await rowsOf(pair, 'select id, x from only parent order by id')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ]);
  expect(await rowsOf(pair, 'select id, x from own order by id')).toEqual([
    ['1', 'mine'],
    ['5', 'mine'],
  ]);
});

/** A view over rows on the source, an ordinary table on the target. */
async function withView(pair: TestPair, kind: 'view' | 'materialized view') {
  await pair.source.client.query(`create table base (id int primary key, x text);
    insert into base select i, 'v' || i from generate_series(1, 3000) i;
    create ${kind} v as select id, x from base where id % 3 > 0`);
  await pair.target.client.query(`create table v (id int primary key, x text);
    insert into v select i, 'v' || i from generate_series(1, 2500) i where i % 3 > 0;
    update v set x = 'old' where id % 100 = 1; insert into v values (3, 'extra')`);
}

const same = async (pair: TestPair) => {
  const sql = 'select id, x from v order by id';
  expect(await rowsOf(pair, sql)).toEqual((await pair.source.client.query({ text: sql, rowMode: 'array' })).rows);
};

test('a view is a source when it is named, with key_columns', async () => {
  await using pair = await createPair();
  await withView(pair, 'view');
  const config = {
    tables: { include: ['public.v'] },
    key_columns: { 'public.v': ['id'] },
    delete_mode: 'mirror' as const,
  };

  const { job, counts } = await runJob(pair, config, {}, portsWith({ rangeRows: 500, shareRows: 500 }));
  const second = await runJob(pair, config);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ updated: 17, deleted: 1, inserted: 333 });
  expect(second.counts).toMatchObject({ updated: 0, inserted: 0, deleted: 0, unchanged: 2000 });
  await same(pair);
});

test('a view that changes while the job runs is followed', async () => {
  await using pair = await createPair();
  await withView(pair, 'view');

  const { job } = await runJob(
    pair,
    { tables: { include: ['v'] }, key_columns: { 'public.v': ['id'] }, delete_mode: 'mirror', verify: 'all' },
    {
      before: async (pass) => {
        if (pass === 'verify')
          await pair.source.client.query(
            `update base set x = 'late' where id = 1; insert into base values (9001, 'new')`,
          );
      },
    },
  );

  expect(job.state).toBe('completed');
  await same(pair);
});

test('a materialized view is a source by its unique index', async () => {
  await using pair = await createPair();
  await withView(pair, 'materialized view');
  await pair.source.client.query('create unique index on v (id); analyze v');

  const { job, counts } = await runJob(pair, { tables: { include: ['public.v'] }, delete_mode: 'mirror' });

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ updated: 17, deleted: 1, inserted: 333 });
  await same(pair);
});

test('a unique index of a materialized view does not vouch for NULL', async () => {
  await using pair = await createPair();
  await pair.source.client.query(
    'create materialized view v as select nullif(i, 2) as id from generate_series(1, 3) i; create unique index on v (id)',
  );
  await pair.target.client.query('create table v (id int primary key)');

  await expect(start(pair, { tables: { include: ['public.v'] } })).rejects.toMatchObject({
    problems: [
      { code: 'key_not_unique', side: 'source', object: 'public.v', message: expect.stringContaining('1 keys') },
    ],
  });
});

test('a view without a key is a multiset under content, and refused under the others', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`create view v as select i % 10 as a from generate_series(1, 45) i`);
  await pair.target.client.query('create table v (a int)');
  const tables = { include: ['public.v'] };

  await expect(start(pair, { tables })).rejects.toMatchObject({
    problems: [{ code: 'no_key', message: expect.stringContaining('The view public.v') }],
  });
  const { job } = await runJob(pair, { tables, detection_strategy: 'content' });

  expect(job.state).toBe('completed');
  expect(await rowsOf(pair, 'select a, count(*) from v group by a having count(*) <> 4 order by a')).toEqual(
    [1, 2, 3, 4, 5].map((a) => [String(a), '5']),
  );
});

test('patterns do not pick up views', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key); create view v as select id from t');
  await pair.source.client.query('insert into t values (1)');

  for (const include of [undefined, ['public.*'], ['*']]) {
    const { job, ports } = await runJob(pair, { tables: include ? { include } : {} });
    expect(job.state).toBe('completed');
    expect((await ports.jobs.tables(job.job_id)).map((t) => t.name)).toEqual(['public.t']);
  }
  await expect(start(pair, { tables: { include: ['public.v*'] } })).rejects.toMatchObject({
    problems: [expect.objectContaining({ code: 'table_not_found', object: 'public.v*' }), expect.anything()],
  });
});

test.each([
  ['a view', 'create view v as select 1 as id'],
  ['a materialized view', 'create materialized view v as select 1 as id'],
  [
    'a foreign table',
    'create foreign data wrapper nowhere; create server away foreign data wrapper nowhere; create foreign table v (id int) server away',
  ],
])('%s is never a target', async (kind, ddl) => {
  await using pair = await createPair();
  await pair.source.client.query('create table v (id int primary key)');
  await pair.target.client.query(ddl);

  const error: unknown = await start(pair).catch((e: unknown) => e);

  expect(error).toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({
        code: 'relation_kind_unsupported',
        side: 'target',
        object: 'public.v',
        message: expect.stringContaining(kind),
        hint: expect.stringContaining('ordinary table'),
      }),
    ]),
  });
  expect((await pair.target.client.query(`select to_regclass('tf_sync.job') as job`)).rows[0].job).toBeNull();
});

describe('a foreign table', () => {
  test('is a source by key_columns, and as a multiset', async ({ skip }) => {
    await using pair = await createPair();
    const { rows } = await pair.source.client.query(`select from pg_available_extensions where name = 'postgres_fdw'`);
    skip(
      rows.length === 0,
      'the server has no postgres_fdw; `.ci/postgis FOLDER PORT` starts one that has (TEST_POSTGRES_URL)',
    );
    const url = new URL(pair.source.url);
    await pair.source.client.query(`create extension postgres_fdw;
      create server self foreign data wrapper postgres_fdw options (host '${url.hostname}', port '${url.port}', dbname '${pair.source.name}');
      create user mapping for current_user server self options (user '${url.username}', password '${decodeURIComponent(url.password)}', password_required 'false');
      create table base (id int primary key, x text); insert into base select i, 'v' || i from generate_series(1, 2000) i;
      create foreign table v (id int, x text) server self options (schema_name 'public', table_name 'base');
      create foreign table w (id int, x text) server self options (schema_name 'public', table_name 'base')`);
    await pair.target.client.query(`create table v (id int primary key, x text); create table w (id int, x text);
      insert into v select i, 'old' from generate_series(1, 100) i; insert into w values (1, 'v1'), (1, 'v1')`);

    const keyed = await runJob(
      pair,
      { tables: { include: ['public.v'] }, key_columns: { 'public.v': ['id'] }, verify: 'all' },
      {
        before: async (pass) => {
          if (pass === 'verify') await pair.source.client.query(`update base set x = 'late' where id = 77`);
        },
      },
      portsWith({ rangeRows: 500, shareRows: 500 }),
    );
    const whole = await runJob(pair, {
      tables: { include: ['public.w'] },
      detection_strategy: 'content',
      delete_mode: 'mirror',
    });

    expect([keyed.job.failure, whole.job.failure]).toEqual([undefined, undefined]);
    expect(keyed.counts).toMatchObject({ inserted: 1900, updated: 100 });
    expect(whole.counts).toMatchObject({ inserted: 1999, deleted: 1 });
    const sum = 'select count(*), sum(hashtext(t::text)) from TABLE t';
    for (const table of ['v', 'w'])
      expect(await rowsOf(pair, sum.replace('TABLE', table))).toEqual(
        (await pair.source.client.query({ text: sum.replace('TABLE', 'base'), rowMode: 'array' })).rows,
      );
  });
});

test('a partitioned table and an ordinary one hold the same rows', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`create table t (id int, at date, primary key (id, at)) partition by range (at);
    create table t1 partition of t for values from ('2020-01-01') to ('2021-01-01'); create table t2 partition of t default;
    insert into t select i, date '2020-06-01' + i from generate_series(1, 1000) i`);
  await pair.target.client.query(
    `create table t (id int, at date, primary key (id, at)); insert into t values (5, '2001-01-01')`,
  );

  const { job, counts } = await runJob(
    pair,
    { delete_mode: 'mirror' },
    {},
    portsWith({ rangeRows: 300, shareRows: 300 }),
  );

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 1000, deleted: 1 });
  const sql = 'select id, at from t order by id';
  expect(await rowsOf(pair, sql)).toEqual((await pair.source.client.query({ text: sql, rowMode: 'array' })).rows);
});

test('what a target-only row looks like is summed over ordinary tables too', async () => {
  await using pair = await createPair();
  await both(pair, 'create table empty_one (id int primary key); create table one_row (id int8 primary key)');
  await pair.source.client.query('insert into one_row values (-9223372036854775808)');

  const { job } = await runJob(pair, {});

  expect(job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
