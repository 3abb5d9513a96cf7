import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import type { TablePlan } from '../../../lib/model/table.ts';
import { tableSql } from '../../../lib/postgres/columns.ts';
import { keyList, keyMatch } from '../../../lib/postgres/keys.ts';
import { BY_INDEX } from '../../../lib/postgres/sql.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { type Ports, ports, runJob } from '../../support/in-process.ts';
import { toldConflicts } from '../../support/memory-conflicts.ts';
import { layoutOf } from '../../support/planned.ts';
import { eventsOf } from '../../support/trail.ts';
import { MAPPING, twoShapes } from '../../support/two-shapes.ts';

type Config = Partial<JobConfig>;

const CONFIG = { mapping: MAPPING, tables: { include: ['land.property'] } } as unknown as Config;

const sql = async (pair: TestPair, side: 'source' | 'target', text: string) =>
  (await pair[side].client.query(text)).rows;

const SIZES = { rangeRows: 10_000, shareRows: 1_000_000 };

/** What the source's planner does with a statement over a plan's source, under the settings of look-ups by key. */
async function explained(
  pair: TestPair,
  plan: TablePlan,
  statement: (from: string) => string,
  values: string[][] = [],
) {
  const { client } = pair.source;
  await client.query('begin');
  try {
    await client.query(BY_INDEX);
    const { rows } = await client.query(`explain ${statement(tableSql(plan, 'source'))}`, values);
    return rows.map((r) => r['QUERY PLAN']).join('\n');
  } finally {
    await client.query('rollback');
  }
}

test('finds rows of a renamed key by its index, and its ends too; segments are ranges of it', async () => {
  await using pair = await twoShapes(30_000);
  await pair.source.client.query('analyze parcel');
  const { plan, segments, source } = await layoutOf(pair, CONFIG, SIZES);

  const byKey = await explained(
    pair,
    plan,
    (from) =>
      `select t.assessed, t.xmin from ${keyList(plan, 'source', 1)} join ${from} t on ${keyMatch(plan, 't', 'k')}`,
    [['1', '2']],
  );
  const ends = await explained(pair, plan, (from) => `select min(t.id), max(t.id) from ${from} t`);

  expect(byKey).toContain('Index Scan using parcel_pkey');
  expect(ends).toContain('Index Only Scan using parcel_pkey');
  expect(ends).toContain('Index Only Scan Backward using parcel_pkey');
  expect(plan.select).toMatchObject({ indexed: true, plain: { id: 'parcel_id', number: 'apn' } });
  expect(segments.length).toBeGreaterThan(1);
  expect(segments[0]?.buckets.keyspace).toBe('integer');
  expect(source.reduce((a, b) => a + b)).toBe(30_000);
});

test('pipes rows by COPY, and puts those aside that cannot be computed', async () => {
  await using pair = await twoShapes(2_000);
  await pair.source.client.query(`alter type use add value 'IND'`);
  await pair.source.client.query(`update parcel set kind = 'IND' where parcel_id in (5, 1999)`);

  const { job, counts, ports: p } = await runJob(pair, CONFIG);
  const again = await runJob(pair, CONFIG);

  const rules = (await eventsOf(p.audit, job.job_id))
    .filter((e) => e.type === 'chunk.applied')
    .map((e) => e.data?.rule);
  expect(rules).toContain('copy');
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 2_000, inserted: 1_998, quarantined: 2 });
  expect(again.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: 1_998, quarantined: 2 });
  expect(await sql(pair, 'target', 'select count(*)::text as n from land.property where id in (5, 1999)')).toEqual([
    { n: '0' },
  ]);
});

test('fails where more rows cannot be computed than may be put aside, piped or not', async () => {
  await using pair = await twoShapes(300);
  await pair.source.client.query(`alter type use add value 'IND'`);
  await pair.source.client.query(`update parcel set kind = 'IND' where parcel_id <= 20`);

  for (const dry of [false, true]) {
    const { job } = await runJob(pair, { ...CONFIG, max_quarantined_rows: 19, dry_run: dry });
    expect(job.failure?.code).toBe('quarantine_limit');
  }
  expect(await sql(pair, 'target', 'select count(*)::text as n from land.property')).toEqual([{ n: '0' }]);
});

test('sees what changed since the last job by a renamed update column', async () => {
  await using pair = await twoShapes();
  const config = { ...CONFIG, detection_strategy: 'timestamp', timestamp_columns: { 'land.property': 'last_change' } };
  const run = (mode: 'full' | 'incremental', more: object = {}) =>
    runJob(pair, { ...config, ...more } as Config, {}, ports(), mode);
  await run('full');
  await pair.source.client.query(`update parcel set value = 0, changed = now() where parcel_id <= 3`);
  await pair.source.client.query(`update parcel set value = 0 where parcel_id = 4`);

  const second = await run('incremental');
  const windows = (await second.ports.jobs.tables(second.job.job_id)).map((t) => t.window);
  await pair.target.client.query(`insert into land.land_use values (9, 'NEW')`);
  const third = await run('incremental');

  expect(second.job.failure).toBeUndefined();
  expect(windows).toMatchObject([{ column: 'last_change', indexed: false }]);
  expect(second.counts).toMatchObject({ updated: 3 });
  // a code was added: rows without a new stamp may come out otherwise, so all are compared
  expect((await third.ports.jobs.tables(third.job.job_id)).map((t) => t.window)).toEqual([undefined]);
  expect(third.counts).toMatchObject({ updated: 1 });
});

test('leaves conflicts to people, shows both sides as the target has them, and adopts anew when the mapping changes', async () => {
  await using pair = await twoShapes();
  const told = toldConflicts();
  const p: Ports = { ...ports(), conflicts: told } as Ports;
  const config = { ...CONFIG, conflict_strategy: 'manual' };
  await runJob(pair, config, {}, p);
  await pair.source.client.query(`update parcel set value = 1, site_city = 'S' where parcel_id in (1, 2)`);
  await pair.target.client.query(`update land.property set assessed = 2 where id in (1, 3)`);

  const disputed = await runJob(pair, config, {}, p);
  const [conflict] = [...told.all.values()];
  const columns = { ...MAPPING['land.property'].columns, county: { constant: 'Franklin' } };
  const other = {
    ...config,
    mapping: { 'land.property': { ...MAPPING['land.property'], columns } },
  } as unknown as Config;
  await pair.target.client.query(`update land.property set county = 'Franklin'`);
  const changed = await runJob(pair, other, {}, p);

  expect(disputed.counts).toMatchObject({ updated: 1, conflicts: 1, kept: 1 });
  expect(conflict).toMatchObject({ key: ['1'], type: 'update_differing', changed: ['assessed', 'address'] });
  // rows 1 and 3 differ still; no other does, and nothing was known of them under the new mapping
  expect(changed.counts).toMatchObject({ updated: 0, conflicts: 2 });
});

test('says in a dry run what it would do, and writes no row', async () => {
  await using pair = await twoShapes();
  const { job, counts, ports: p } = await runJob(pair, { ...CONFIG, dry_run: true });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 300 });
  expect(await sql(pair, 'target', 'select count(*)::text as n from land.property')).toEqual([{ n: '0' }]);
  expect((await p.jobs.tables(job.job_id)).map((t) => [t.name, t.mapping])).toEqual([
    ['land.property', { from: 'public.parcel', columns: 8, notes: [] }],
  ]);
});

test('splits a table over two, each with its own rows and deletes', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table owner (id int primary key, name text not null, kind text not null, ssn text);
    insert into owner select i, 'o' || i, case when i % 3 = 0 then 'firm' else 'person' end, 'secret' from generate_series(1, 90) i`);
  await pair.target.client.query(`
    create schema people; create schema firms;
    create table people.person (person_no int primary key, full_name text not null, kind text not null);
    create table firms.firm (firm_no int primary key, name text not null, kind text not null)`);
  const eq = (value: string) => [{ column: 'kind', op: 'eq', value }];
  const config = {
    mapping: {
      'people.person': { from: 'public.owner', columns: { person_no: 'id', full_name: 'name' } },
      'firms.firm': { from: 'public.owner', columns: { firm_no: 'id' } },
    },
    filters: { 'people.person': eq('person'), 'firms.firm': eq('firm') },
    delete_mode: 'mirror',
  } as unknown as Config;

  const first = await runJob(pair, config);
  await pair.source.client.query(`delete from owner where id <= 6; update owner set kind = 'firm' where id = 10`);
  const second = await runJob(pair, config);
  const third = await runJob(pair, config);

  expect(first.counts).toMatchObject({ inserted: 90 });
  expect((await first.ports.jobs.tables(first.job.job_id)).map((t) => t.mapping?.notes)).toEqual([
    ['Columns of public.owner that go nowhere: ssn.'],
    ['Columns of public.owner that go nowhere: ssn.'],
  ]);
  expect(second.job.failure).toBeUndefined();
  expect(
    await sql(
      pair,
      'target',
      'select count(*)::text as n from people.person union all select count(*)::text from firms.firm',
    ),
  ).toEqual([{ n: '55' }, { n: '29' }]);
  expect(third.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
});

test('carries a row of 6 MiB, and one of a view without a key', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table big (id int primary key, body text);
    insert into big values (1, repeat('x', 6 * 1024 * 1024)), (2, 'small');
    create view seen as select id as number, left(body, 3) as start from big`);
  await pair.target.client.query(`
    create table large (no int primary key, content text);
    create table view_rows (no int primary key, start text)`);
  const config = {
    mapping: {
      'public.large': { from: 'public.big', columns: { no: 'id', content: 'body' } },
      'public.view_rows': { from: 'public.seen', columns: { no: 'number' } },
    },
  } as unknown as Config;

  const first = await runJob(pair, config);
  await pair.source.client.query(`update big set body = repeat('y', 6 * 1024 * 1024) where id = 1`);
  const second = await runJob(pair, config);

  expect(first.job.failure).toBeUndefined();
  expect(second.job.failure).toBeUndefined();
  expect(second.counts).toMatchObject({ updated: 2, inserted: 0 });
  expect(
    await sql(pair, 'target', `select no, length(content)::text as n, left(content, 1) as c from large order by 1`),
  ).toEqual([
    { no: '1', n: String(6 * 1024 * 1024), c: 'y' },
    { no: '2', n: '5', c: 's' },
  ]);
});

test('compares rows whole where the mapping fills no key', async () => {
  await using pair = await createPair();
  await pair.source.client.query(
    `create table log (a int, b text); insert into log values (1, 'x'), (1, 'x'), (2, 'y')`,
  );
  await pair.target.client.query(`create table entries (id serial primary key, number int, word text)`);
  const config = {
    mapping: { 'public.entries': { from: 'public.log', columns: { number: 'a', word: 'b' } } },
    detection_strategy: 'content',
    delete_mode: 'mirror',
  } as unknown as Config;

  const first = await runJob(pair, config);
  await pair.source.client.query(`delete from log where a = 2; insert into log values (1, 'x')`);
  const second = await runJob(pair, config);
  const third = await runJob(pair, config);

  expect(first.counts).toMatchObject({ inserted: 3 });
  expect(second.counts).toMatchObject({ inserted: 1, deleted: 1 });
  expect(third.counts).toMatchObject({ inserted: 0, deleted: 0, unchanged: 3 });
});

test('finds rows of a computed key by scans, and says so', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table item (code text primary key, n int);
    insert into item select 'c' || i, i from generate_series(1, 3000) i`);
  await pair.target.client.query('create table thing (code text primary key, n int)');
  const values = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`c${i + 1}`, `new-${i + 1}`]));
  const config = {
    mapping: {
      'public.thing': { from: 'public.item', columns: { code: { column: 'code', values, otherwise: 'keep' } } },
    },
    delete_mode: 'mirror',
  } as unknown as Config;

  const first = await runJob(pair, config);
  await pair.source.client.query(
    `update item set n = 0 where n <= 10; delete from item where n > 2990; insert into item values ('other', 1)`,
  );
  const second = await runJob(pair, config);
  const third = await runJob(pair, config);

  expect(first.job.failure).toBeUndefined();
  expect((await first.ports.jobs.tables(first.job.job_id)).map((t) => t.mapping?.notes)).toEqual([
    ['The key is computed: no index of the source finds a row by it, each look by key is a scan.'],
  ]);
  expect(second.counts).toMatchObject({ inserted: 1, updated: 10, deleted: 10 });
  expect(third.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 2991 });
});
