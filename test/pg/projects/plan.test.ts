import { expect, test } from 'vitest';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { planProject } from '../../../lib/orchestrator/plan-project.ts';
import { projectDatabases } from '../../../lib/postgres/project-databases.ts';
import { rowVersions } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';
import { pagilaMissing, pagilaRows, pagilaSchema } from '../../support/pagila.ts';
import { parcel, parcelsPair } from '../../support/parcels.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

const plan = (pair: TestPair, config: object) =>
  planProject(
    {
      jobId: 'plan',
      pair: { source: pair.source.connection, target: pair.target.connection },
      config: jobConfigSchema.parse(config),
    },
    { clock: () => new Date(), databases: projectDatabases({ rules: ON_ONE_MACHINE, version: 'test' }) },
  );

test('says tables, roles, paths, rows of both sides and what is not followed, and writes nothing', async () => {
  await using pair = await parcelsPair();
  await pair.target.client.query('delete from notes where item_id = 11');
  const before = await rowVersions(pair.target.client);

  const found = await plan(pair, parcel(1, { depth: 2 }));
  const without = await plan(pair, parcel(1, { exclude: ['public.owners', 'public.notes'] }));

  expect(found.tables.map((t) => [t.name, t.role, t.path.join(' > '), t.rows.source, t.rows.target])).toEqual([
    ['public.owners', 'parent', 'parcels_owner_id_fkey', 1, 1],
    ['public.parcels', 'both', '', 1, 1],
    ['public.items', 'child', 'items_parcel_id_fkey', 4, 4],
    ['public.notes', 'child', 'items_parcel_id_fkey > notes_item_id_fkey', 4, 3],
  ]);
  expect(found.tables[1]?.via).toContainEqual({
    constraint: 'parcels_part_of_fkey',
    table: 'public.parcels',
    as: 'child',
  });
  expect(without.tables.map((t) => t.name)).toEqual(['public.parcels', 'public.items']);
  expect(without.excluded.map((e) => [e.table, e.constraint, e.why])).toEqual([
    ['public.notes', 'notes_item_id_fkey', 'excluded'],
    ['public.owners', 'parcels_owner_id_fkey', 'excluded_parent'],
  ]);
  expect(await rowVersions(pair.target.client)).toEqual(before);
  const { rows } = await pair.target.client.query(`select count(*) from pg_namespace where nspname = 'tf_sync'`);
  expect(rows[0].count).toBe('0');
});

test('an excluded parent that the target lacks keeps its rows out, by name', async () => {
  await using pair = await parcelsPair();
  await pair.source.client.query(`insert into owners values (4, 'o4'); insert into parcels values (4, 4, null, 'p')`);

  const { job, counts } = await runJob(pair, parcel(4, { exclude: ['public.owners'] }));

  expect(job.state).toBe('completed_with_issues');
  expect(counts.quarantined).toBe(1);
});

test('a plan without a project, or that a start would refuse, is refused alike', async () => {
  await using pair = await parcelsPair();

  await expect(plan(pair, {})).rejects.toMatchObject({ code: 'required' });
  await expect(plan(pair, parcel(77))).rejects.toMatchObject({ code: 'project_not_found' });
});

test('rows that the plan counts are the rows that come', { timeout: 60_000 }, async () => {
  if (pagilaMissing) return expect(pagilaMissing).toContain('PAGILA_SQL');
  await using pair = await createPair({ source: pagilaRows, target: pagilaSchema });
  const config = { project: { root: 'public.film', key: 1 } };

  const found = await plan(pair, config);
  const { counts } = await runJob(pair, config as Parameters<typeof runJob>[1] & object);

  expect(found.tables.reduce((n, t) => n + (t.rows.source ?? 0), 0)).toBe(counts.inserted);
  expect(found.tables.find((t) => t.name === 'public.payment')).toMatchObject({
    role: 'child',
    path: ['inventory_film_id_fkey', 'rental_inventory_id_fkey', expect.stringMatching(/^payment_.*rental_id_fkey$/)],
  });
});

test('names foreign keys by which children are found without an index, on each side, with the index that would help', async () => {
  await using pair = await createPair();
  const parts = `
    create table root (a int, b int, primary key (a, b));
    create table plain (id int primary key, a int, b int, foreign key (a, b) references root);
    create table turned (id int primary key, a int, b int, foreign key (a, b) references root);
    create index on turned (b, a, id);
    create table half (id int primary key, a int, b int, foreign key (a, b) references root);
    create index on half (a);
    create table partly (id int primary key, "A b" int references plain);
    create index on partly ("A b") where "A b" is not null;
    create table few (id int primary key, p int references plain);
    create index on few (p) where p > 7;
    create table parted (id int, p int references plain, primary key (id)) partition by range (id);
    create table part1 partition of parted for values from (0) to (10);
    create table part2 partition of parted for values from (10) to (20);
    create index on part1 (p)`;
  for (const { client } of [pair.source, pair.target]) await client.query(parts);
  await pair.source.client.query('insert into root values (1, 1)');
  await pair.target.client.query('create index on few (p); create index on part2 (p); create index on half (b, a)');

  const { missing_indexes } = await plan(pair, { project: { root: 'public.root', key: { a: 1, b: 1 } } });

  expect(missing_indexes.map((m) => `${m.side} ${m.table} ${m.columns.join()}`).sort()).toEqual([
    'source public.few p',
    'source public.half a,b',
    'source public.parted p',
    'source public.plain a,b',
    'target public.plain a,b',
  ]);
  for (const { side, remedy } of missing_indexes) await pair[side].client.query(remedy);
  const after = await plan(pair, { project: { root: 'public.root', key: { a: 1, b: 1 } } });
  expect(after.missing_indexes).toEqual([]);
});
