import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { runJob } from '../support/in-process.ts';

/*
 * Rows 61 to 64 of the list of bad inputs: one bad row among good ones is put aside with its reason, and nothing else.
 * Row 64 "larger than 32 MiB" is in the tests of types and memory; triggers that drop or change rows are in
 * verification.test.ts and apply/writes.test.ts as well.
 */

interface BadRow {
  readonly row: string;
  readonly what: string;
  /** The second column and what follows it; {} stands for `v type`. */
  readonly source: string;
  readonly target: string;
  readonly good: string;
  readonly bad: string;
  readonly code: string;
  readonly sqlstate: string | null;
  readonly object: string | null;
  readonly before?: string;
}

const TRIGGER = (
  body: string,
) => `create function meddle() returns trigger language plpgsql as 'begin ${body} return new; end';
  create trigger meddle before insert on t for each row execute function meddle()`;

const rows: readonly BadRow[] = [
  {
    row: '62',
    what: 'a fraction beyond the column, into whole numbers',
    source: 'v numeric',
    target: 'v int2',
    good: '1',
    bad: '32767.5',
    code: 'value_out_of_range',
    sqlstate: '22003',
    object: null,
  },
  {
    row: '62',
    what: 'a number beyond the column',
    source: 'v int8',
    target: 'v int4',
    good: '1',
    bad: '3000000000',
    code: 'value_out_of_range',
    sqlstate: '22003',
    object: null,
  },
  {
    row: '62',
    what: 'a number with too many digits',
    source: 'v numeric',
    target: 'v numeric(5,2)',
    good: '1.25',
    bad: '100000',
    code: 'value_out_of_range',
    sqlstate: '22003',
    object: null,
  },
  {
    row: '62',
    what: 'a text that is too long for a column made of it',
    source: 'v text',
    target: 'v text, w varchar(3) generated always as (v) stored',
    good: `'abc'`,
    bad: `'abcd'`,
    code: 'too_long',
    sqlstate: '22001',
    object: null,
  },
  {
    row: '62',
    what: 'an enum label the target lacks',
    before: `create type mood as enum ('good')`,
    source: 'v text',
    target: 'v mood',
    good: `'good'`,
    bad: `'bad'`,
    code: 'value_invalid',
    sqlstate: '22P02',
    object: null,
  },
  {
    row: '62',
    what: 'NULL where the target takes none',
    source: 'v text',
    target: 'v text not null',
    good: `'x'`,
    bad: 'null',
    code: 'null_value',
    sqlstate: '23502',
    object: 'public.t.v',
  },
  {
    row: '62',
    what: 'a value that a check refuses',
    source: 'v int',
    target: 'v int constraint positive check (v > 0)',
    good: '1',
    bad: '-1',
    code: 'check_failed',
    sqlstate: '23514',
    object: 'positive',
  },
  {
    row: '62',
    what: 'a value that a domain refuses',
    before: 'create domain small as int constraint small_check check (value < 10)',
    source: 'v int',
    target: 'v small',
    good: '1',
    bad: '11',
    code: 'check_failed',
    sqlstate: '23514',
    object: 'small_check',
  },
  {
    row: '63',
    what: 'a reference to a row that is not there',
    before: 'create table parent (id int primary key); insert into parent values (1)',
    source: 'v int',
    target: 'v int constraint to_parent references parent',
    good: '1',
    bad: '2',
    code: 'fk_missing',
    sqlstate: '23503',
    object: 'to_parent',
  },
  {
    row: '63',
    what: 'a unique value that another row has',
    source: 'v text',
    target: 'v text constraint only_one unique',
    good: 'gen.i::text',
    bad: `'1'`,
    code: 'unique_clash',
    sqlstate: '23505',
    object: 'only_one',
  },
  {
    row: '63',
    what: 'a value that an exclusion refuses',
    source: 'v int4range',
    target: 'v int4range, constraint no_overlap exclude using gist (v with &&)',
    good: 'int4range(gen.i, gen.i + 1)',
    bad: `'[1,3)'`,
    code: 'exclusion_clash',
    sqlstate: '23P01',
    object: 'no_overlap',
  },
  {
    row: '64',
    what: 'a row that a trigger drops',
    before: '',
    source: 'v int',
    target: 'v int',
    good: '1',
    bad: '-1',
    code: 'target_trigger_dropped',
    sqlstate: null,
    object: null,
  },
  {
    row: '64',
    what: 'a row that a trigger changes',
    source: 'v int',
    target: 'v int',
    good: '1',
    bad: '-2',
    code: 'target_value_changed',
    sqlstate: null,
    object: null,
  },
  {
    row: '64',
    what: 'a row for which a trigger raises',
    source: 'v int',
    target: 'v int',
    good: '1',
    bad: '-3',
    code: 'raised',
    sqlstate: 'P0001',
    object: null,
  },
];

const FRESH = 'drop schema public cascade; create schema public; drop schema if exists tf_sync cascade';
let pair: TestPair;
beforeAll(async () => {
  pair = await createPair();
});
afterAll(() => pair[Symbol.asyncDispose]());

const listed = async (db: TestDatabase) =>
  (await db.client.query('select key, code, sqlstate, object from tf_sync.quarantine order by key')).rows;

test.each(rows)('row $row: $what is put aside as $code', async (r) => {
  await pair.source.client.query(`${FRESH}; create table t (id int primary key, ${r.source});
    insert into t select gen.i, case when gen.i = 40 then ${r.bad} else ${r.good} end::${r.source.split(' ')[1]} from generate_series(1, 64) gen(i)`);
  await pair.target.client.query(`${FRESH}; ${r.before ?? ''}; create table t (id int primary key, ${r.target})`);
  if (r.row === '64')
    await pair.target.client.query(
      TRIGGER(
        'if new.v = -1 then return null; end if; if new.v = -2 then new.v := 7; end if; if new.v = -3 then raise exception using message = new.v::text; end if;',
      ),
    );
  const tables = { tables: { include: ['public.t'] } };

  const { job, counts } = await runJob(pair, { allow_lossy: true, ...tables });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 64, inserted: 63, quarantined: 1 });
  expect(await listed(pair.target)).toEqual([{ key: '{40}', code: r.code, sqlstate: r.sqlstate, object: r.object }]);
  expect((await pair.target.client.query('select count(*) from t where id = 40')).rows[0].count).toBe('0');
});

test('row 62: numbers that fold alike in 32 bits are not taken for one another', async () => {
  await pair.source.client.query(
    `${FRESH}; create table t (id int primary key, v int8); insert into t values (1, 3000000000), (2, 5)`,
  );
  await pair.target.client.query(
    `${FRESH}; create table t (id int primary key, v int4); insert into t values (1, -1294967296), (2, 5)`,
  );

  const { job, counts } = await runJob(pair, { allow_lossy: true });
  const again = await runJob(pair, { allow_lossy: true });

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ unchanged: 1, quarantined: 1 });
  expect(again.counts).toMatchObject({ unchanged: 1, quarantined: 1 });
});

test('rounding and cutting that allow_lossy accepts finds nothing to do the second time', async () => {
  await pair.source.client.query(`${FRESH}; create table t (id int primary key, a numeric, b float8, c text, d timestamptz);
    insert into t values (1, 1.005, 2.5, 'long text', '2024-02-29 12:00+00'), (2, -7, -0.4, 'abc', null)`);
  await pair.target.client.query(
    `${FRESH}; create table t (id int primary key, a numeric(5,2), b int4, c varchar(4), d date)`,
  );

  const first = await runJob(pair, { allow_lossy: true });
  const second = await runJob(pair, { allow_lossy: true });

  expect(first.job.failure).toBeUndefined();
  expect(first.job.state).toBe('completed');
  expect((await pair.target.client.query('select * from t order by id')).rows).toEqual([
    { id: '1', a: '1.01', b: '3', c: 'long', d: '2024-02-29' },
    { id: '2', a: '-7.00', b: '0', c: 'abc', d: null },
  ]);
  expect(second.counts).toMatchObject({ unchanged: 2, updated: 0 });
});

test('row 61: bytes of a SQL_ASCII source that are no UTF-8 are put aside, and the other rows arrive', async () => {
  const server = new URL(pair.source.url);
  server.pathname = '/postgres';
  await using source = await createDatabaseAt(server.href, `template template0 encoding 'SQL_ASCII' locale 'C'`);
  await using target = await createDatabase();
  const make = 'create table t (id int primary key, v text)';
  await source.client.query(`${make}; insert into t values (1, 'plain'), (2, E'caf\\xe9'), (3, E'gr\\xc3\\xbcn')`);
  await target.client.query(make);

  const { job, counts } = await runJob({ source, target });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ inserted: 2, quarantined: 1 });
  expect(await listed(target)).toMatchObject([{ key: '{2}', code: 'encoding' }]);
  expect((await target.client.query('select id, v from t order by id')).rows).toEqual([
    { id: '1', v: 'plain' },
    { id: '3', v: 'grün' },
  ]);
});
