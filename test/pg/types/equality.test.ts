import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { type Outcome, ports, runJob, start } from '../../support/in-process.ts';
import { eventsOf } from '../../support/trail.ts';

async function both(pair: TestPair, sql: string): Promise<void> {
  await pair.source.client.query(sql);
  await pair.target.client.query(sql);
}

async function available({ source }: TestPair, extension: string): Promise<boolean> {
  const { rows } = await source.client.query('select from pg_available_extensions where name = $1', [extension]);
  return rows.length > 0;
}

const tableOf = async ({ job, ports: p }: Outcome) => (await p.jobs.tables(job.job_id))[0];

test.each(['hash', 'content'])(
  'equality exact tells 1.0 from 1.00, writes it, and is content afterwards (%s)',
  async (detection_strategy) => {
    await using pair = await createPair();
    await both(pair, 'create table prices (id int primary key, a numeric, b numeric, c jsonb, d float8, e char(4))');
    await pair.source.client.query(
      `insert into prices values (1, 1.0, 1.0, '[1.0]', '-0', 'x'), (2, 2, 2, null, 1, null)`,
    );
    await pair.target.client.query(
      `insert into prices values (1, 1.00, 1.00, '[1.0]', '0', 'x'), (2, 2, 2, null, 1, null)`,
    );
    const equality = { 'public.prices.b': 'exact' as const, 'public.prices.d': 'exact' as const };

    const typed = await runJob(pair, { detection_strategy });
    const exact = await runJob(pair, { detection_strategy, equality });
    const again = await runJob(pair, { detection_strategy, equality });

    expect(typed.counts).toMatchObject({ updated: 0, unchanged: 2 });
    expect(exact.counts).toMatchObject({ updated: 1, unchanged: 1 });
    expect(again.counts).toMatchObject({ updated: 0, unchanged: 2 });
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  },
);

test('a key may be compared exactly: the same key in another form is written, never twice', async () => {
  await using pair = await createPair();
  await both(pair, 'create table prices (n numeric primary key, v text)');
  await pair.source.client.query(`insert into prices values (1.0, 'a'), (2, 'b'), (-0.0, 'c')`);
  await pair.target.client.query(`insert into prices values (1.00, 'a'), (2.000, 'old'), (0, 'c')`);

  const typed = await runJob(pair, { delete_mode: 'mirror' });
  const exact = await runJob(pair, { delete_mode: 'mirror', equality: { 'public.prices.n': 'exact' } });

  expect(typed).toMatchObject({
    job: { state: 'completed' },
    counts: { updated: 1, unchanged: 2, inserted: 0, deleted: 0 },
  });
  expect(exact).toMatchObject({ job: { state: 'completed' }, counts: { inserted: 0, deleted: 0, updated: 3 } });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

const KEYS: readonly (readonly [
  type: string,
  source: readonly string[],
  target: readonly string[],
  extension?: string,
])[] = [
  ['ext.citext', ['Foo', 'bar', 'ÄÖ', 'new'], ['foo', 'BAR', 'äö', 'gone'], 'citext'],
  ['numeric', ['1.0', '-2.50', '100', '0.1'], ['1.00', '-2.5', '1e2', '7']],
  ['float8', ['0', '1e-5', '1', '3'], ['-0', '0.00001', '1', '4']],
  ['interval', ['1 mon', '1 day', '00:00:01', '2 days'], ['30 days', '24:00:00', '00:00:01', '5 days']],
  ['bpchar', ['a', 'b ', 'c', 'd'], ['a  ', 'b', 'c', 'e']],
  ['numeric[]', ['{1.0}', '{2,3}', '{}', '{4}'], ['{1.00}', '{2,3.0}', '{}', '{5}']],
];

test.for(KEYS)(
  'keys of %s in two forms are one key, under every strategy',
  async ([type, s, t, extension], { skip }) => {
    for (const detection_strategy of ['hash', 'content', 'primary_key']) {
      await using pair = await createPair();
      skip(extension !== undefined && !(await available(pair, extension)), 'this server does not ship the extension');
      if (extension) await both(pair, `create schema ext; create extension ${extension} schema ext`);
      await both(pair, `create table keyed (k ${type} primary key, v text)`);
      const fill = `insert into keyed select v::${type}, 'same' from unnest($1::text[]) v`;
      await pair.source.client.query(fill, [s]);
      await pair.target.client.query(fill, [t]);

      const { job, counts } = await runJob(pair, { delete_mode: 'mirror', detection_strategy });
      const again = await runJob(pair, { delete_mode: 'mirror', detection_strategy });

      expect(job.failure).toBeUndefined();
      expect(counts).toMatchObject({ inserted: 1, deleted: 1, quarantined: 0 });
      expect(again.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 4 });
      const { rows } = await pair.target.client.query('select count(*) as n from keyed');
      expect(rows).toEqual([{ n: '4' }]);
    }
  },
);

test('references over citext guard a delete, whatever the case', async ({ skip }) => {
  await using pair = await createPair();
  skip(!(await available(pair, 'citext')), 'this server does not ship the extension');
  await both(
    pair,
    `create schema ext; create extension citext schema ext; create table parent (k ext.citext primary key)`,
  );
  await pair.target.client.query(`
    create table child (id int primary key, k ext.citext references parent on delete cascade);
    insert into parent values ('Foo'), ('Bar'); insert into child values (1, 'foo')`);

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', tables: { include: ['public.parent'] } });
  const { rows } = await pair.target.client.query(
    'select (select count(*) from parent) as p, (select count(*) from child) as c',
  );

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ deleted: 1, quarantined: 1 });
  expect(rows).toEqual([{ p: '1', c: '1' }]);
});

test('types that nothing is known of are carried as text, and named in the plan and in the status', async () => {
  await using pair = await createPair();
  // a base type of the user's own: its input and output are those of int4
  await both(
    pair,
    `create type parcel_no;
     create function parcel_no_in(cstring) returns parcel_no language internal immutable strict as 'int4in';
     create function parcel_no_out(parcel_no) returns cstring language internal immutable strict as 'int4out';
     create type parcel_no (input = parcel_no_in, output = parcel_no_out, internallength = 4, passedbyvalue, alignment = int4);
     create table parcels (id int primary key, no parcel_no, more parcel_no[], plain text)`,
  );
  await pair.source.client.query(`insert into parcels values (1, '17', '{1,2}', 'x'), (2, '18', null, 'y')`);
  await pair.target.client.query(`insert into parcels values (1, '19', '{1}', 'x')`);

  const p = ports();
  const outcome = await runJob(pair, {}, {}, p);
  const events = await eventsOf(p.audit, outcome.job.job_id);

  const unknown_types = { no: 'public.parcel_no', more: 'public._parcel_no' };
  expect(outcome).toMatchObject({ job: { state: 'completed' }, counts: { inserted: 1, updated: 1 } });
  expect(await tableOf(outcome)).toMatchObject({ unknown_types });
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'job.prepared',
      data: expect.objectContaining({ tables: [expect.objectContaining({ unknown_types })] }),
    }),
  );
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('arrays of every kind of element are copied bit for bit', async () => {
  await using pair = await createPair();
  await both(
    pair,
    `create type zone as enum ('A', 'b,"'); create domain amount as numeric check (value > 0); create type pair as (n numeric, z zone);
     create table lists (id int primary key, e zone[], d amount[], c pair[], n numeric[], j json[], m int4multirange[], i interval[])`,
  );
  await pair.source.client.query(`
    insert into lists values
      (1, '{A,"b,\\"",NULL}', '{1.0,NULL,2.00}', array[row(1.0, 'A'), null, row(null, 'b,"')]::pair[], '[0:1]={1.0,NULL}', array['{"a": 1.0}', '[]']::json[], '{"{[1,3),[5,6)}",NULL}', '{1 mon,30 days}'),
      (2, '{{A,A},{"b,\\"",A}}', '{}', '{}', '{{1,2},{3,4}}', null, '{}', '{}'), (3, null, null, null, null, null, null, null)`);
  await pair.target.client.query(`
    insert into lists values (1, '{A}', '{1.00}', '{}', '{1.00,NULL}', null, '{}', '{30 days}'), (2, '{A,A,"b,\\"",A}', '{}', '{}', '{1,2,3,4}', null, '{}', '{}')`);

  const first = await runJob(pair);
  const second = await runJob(pair);

  expect(first).toMatchObject({ job: { state: 'completed' }, counts: { inserted: 1, updated: 2 } });
  expect(second.counts).toMatchObject({ unchanged: 3, updated: 0 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

const BAD: readonly (readonly [Partial<JobConfig>, string])[] = [
  [{ equality: { 'public.plots.id': { shape: { grid: 1 } } } }, 'equality_invalid'],
  [{ equality: { 'public.plots.nothing': 'exact' } }, 'column_not_found'],
  [{ equality: { 'public.elsewhere.id': 'exact' } }, 'column_not_found'],
];

test.each(BAD)('refuses %j with %s before anything is written', async (config, code) => {
  await using pair = await createPair();
  await both(pair, 'create table plots (id int primary key)');

  const refused = await start(pair, config).catch((error: unknown) => error);
  const { rows } = await pair.target.client.query(`select to_regnamespace('tf_sync') as made`);

  expect(refused).toMatchObject({ problems: [{ code, field: '/config/equality' }] });
  expect(rows).toEqual([{ made: null }]);
});

test('keys are shown to people as they read them', async () => {
  await using pair = await createPair();
  await both(pair, 'create table flags (k boolean, b bytea, primary key (k, b))');
  await pair.source.client.query(`insert into flags values (true, '\\x00ff')`);

  const outcome = await runJob(pair, { dry_run: true });

  expect(await tableOf(outcome)).toMatchObject({ samples: { insert: [['true', '\\x00ff']] } });
});

test('names of database objects that stand for nothing, or for something gone, are carried as they are', async () => {
  await using pair = await createPair();
  await both(pair, 'create table names (id int primary key, c regclass, t regtype)');
  await pair.source.client.query(
    `insert into names values (1, '-', '-'), (2, '4000000000', '4000000001'), (3, 'pg_catalog.pg_class', 'int4'), (4, null, null)`,
  );
  await pair.target.client.query(`insert into names values (1, 'pg_catalog.pg_class', 'int4')`);

  const { job, counts } = await runJob(pair);

  expect(job).toMatchObject({ state: 'completed' });
  expect(counts).toMatchObject({ inserted: 3, updated: 1 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
