import { beforeEach, describe, expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { createDatabaseAt } from '../../support/elsewhere.ts';
import { runJob } from '../../support/in-process.ts';

const url = process.env.TEST_POSTGIS_URL;

async function database(sql: string): Promise<TestDatabase> {
  const made = await createDatabaseAt(url ?? '');
  await made.client.query(`create schema gis; create extension postgis schema gis; ${sql}`);
  return made;
}

/** Parcels in feet of the state plane, some with heights. */
const PARCELS = `
  create table parcel (id int primary key, shape gis.geometry(PolygonZ, 2926));
  insert into parcel
    select i, gis.st_force3d(gis.st_setsrid(gis.st_makeenvelope(1000000 + i * 120, 200000, 1000000 + i * 120 + 100, 200050 + i), 2926))
    from generate_series(1, 50) i;
  insert into parcel values (51, null)`;

const PLOTS = `create schema web; create table web.plot (plot_no int primary key, outline gis.geometry(MultiPolygon, 4326))`;

const column = (name: string, geometry: object) => ({ column: name, geometry });
const there = {
  mapping: {
    'web.plot': {
      from: 'public.parcel',
      columns: { plot_no: 'id', outline: column('shape', { srid: 4326, dimensions: 2, multi: true }) },
    },
  },
  delete_mode: 'mirror',
} as unknown as Partial<JobConfig>;

describe('geometry under a mapping', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

  test('arrives in another reference system, with two dimensions and as a collection; and comes back where it was', async () => {
    await using a = await database(PARCELS);
    await using b = await database(PLOTS);
    await using c = await database('create table parcel (id int primary key, shape gis.geometry(MultiPolygon, 2926))');
    const back = {
      mapping: {
        'public.parcel': { from: 'web.plot', columns: { id: 'plot_no', shape: column('outline', { srid: 2926 }) } },
      },
    } as unknown as Partial<JobConfig>;

    const first = await runJob({ source: a, target: b }, there);
    const second = await runJob({ source: a, target: b }, there);
    const returned = await runJob({ source: b, target: c }, back);

    expect(first.job.failure).toBeUndefined();
    expect(first.counts).toMatchObject({ inserted: 51, quarantined: 0 });
    expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: 51 });
    expect(returned.counts).toMatchObject({ inserted: 51 });
    const shapes = `select id, gis.st_astext(gis.st_snaptogrid(gis.st_geometryn(gis.st_force2d(shape), 1), 0.001)) as at from parcel order by id`;
    expect((await c.client.query(shapes)).rows).toEqual((await a.client.query(shapes)).rows);
    const kinds = await b.client.query(
      'select distinct gis.st_srid(outline) s, gis.geometrytype(outline) t from web.plot where outline is not null',
    );
    expect(kinds.rows).toEqual([{ s: '4326', t: 'MULTIPOLYGON' }]);
  });

  test('puts aside a shape without a reference system, or off the world, and not its neighbours', async () => {
    await using a = await database(`
      create table parcel (id int primary key, shape gis.geometry);
      insert into parcel values
        (1, 'SRID=4326;POINT(-119 46)'), (2, 'POINT(1 2)'), (3, 'SRID=4326;POINT(-119 91)'), (4, 'SRID=999998;POINT(1 2)'),
        (5, 'SRID=2926;POINT EMPTY'), (6, 'SRID=2926;POINT(1000000 200000)'), (7, null), (8, 'SRID=4326;POINT(nan nan)')`);
    await using b = await database(
      `create schema web; create table web.plot (plot_no int primary key, outline gis.geometry)`,
    );
    const config = {
      mapping: {
        'web.plot': { from: 'public.parcel', columns: { plot_no: 'id', outline: column('shape', { srid: 3857 }) } },
      },
    } as unknown as Partial<JobConfig>;

    const { job, counts } = await runJob({ source: a, target: b }, config);
    const listed = await b.client.query('select key[1] as key, code, object from tf_sync.quarantine order by 1');

    expect(job.failure).toBeUndefined();
    expect(counts).toMatchObject({ inserted: 4, quarantined: 4 });
    expect(listed.rows.map((r) => r.key)).toEqual(['2', '3', '4', '8']);
    expect(listed.rows[0]).toMatchObject({ code: 'value_not_computable', object: 'outline' });
  });

  test('refuses a mapping that would fill a column in another reference system than its own', async () => {
    await using a = await database(PARCELS);
    await using b = await database(PLOTS);
    const config = {
      mapping: {
        'web.plot': { from: 'public.parcel', columns: { plot_no: 'id', outline: column('shape', { multi: true }) } },
      },
    } as unknown as Partial<JobConfig>;

    await expect(runJob({ source: a, target: b }, config)).rejects.toMatchObject({ code: 'mapping_invalid' });
  });
});
