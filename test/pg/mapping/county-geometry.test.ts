import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { REFERENCES, TABLES } from '../../../local/demo/schema.ts';
import { compareDatabases, rowVersions, summary } from '../../support/compare.ts';
import { smallCounty } from '../../support/county.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { createDatabaseAt } from '../../support/elsewhere.ts';
import { runJob } from '../../support/in-process.ts';

const url = process.env.TEST_POSTGIS_URL;
const FOLDER = join(import.meta.dirname, '../../../examples/county-reshaped');
const example = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

async function database(build: (client: TestDatabase['client']) => Promise<unknown>): Promise<TestDatabase> {
  const made = await createDatabaseAt(url ?? '');
  await made.client.query('create schema gis; create extension postgis schema gis');
  await build(made.client);
  return made;
}

/** The example's config, with the shape of a parcel besides: in feet of the state plane here, in degrees there. */
function config(name: string, table: string, column: string, geometry: object): Partial<JobConfig> {
  const parsed = JSON.parse(example(name));
  parsed.mapping[table].columns[column] = { column: column === 'shape' ? 'outline' : 'shape', geometry };
  return parsed;
}

/** Shapes to the thousandth of a foot: the coordinates have been to another reference system and back. */
const SHAPES = `select parcel_id, gis.st_astext(gis.st_snaptogrid(shape, 0.001)) as at from parcels order by parcel_id::int8`;

describe('the county with shapes', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

  test('goes into another reference system and another shape of tables and comes back, and the second time nothing is written', async () => {
    await using county = await database((client) => smallCounty.build(client));
    await using office = await database((client) => client.query(example('land-records.sql')));
    await using back = await database((client) => client.query(TABLES + REFERENCES));
    for (const { client } of [county, back])
      await client.query('alter table parcels add shape gis.geometry(MultiPolygon, 2926)');
    await county.client.query(`
      update parcels set shape = gis.st_multi(gis.st_setsrid(gis.st_makeenvelope(
        1000000 + parcel_id % 100 * 120, 200000 + parcel_id / 100 * 120, 1000100 + parcel_id % 100 * 120, 200050.25 + parcel_id / 100 * 120), 2926))
      where parcel_id % 10 > 0`);
    await office.client.query('alter table land.property add outline gis.geometry(MultiPolygon, 4326)');
    const there = () =>
      runJob({ source: county, target: office }, config('there.json', 'land.property', 'outline', { srid: 4326 }));
    const home = () =>
      runJob({ source: office, target: back }, config('back.json', 'public.parcels', 'shape', { srid: 2926 }));

    const first = [await there(), await home()];
    const versions = [await rowVersions(office.client), await rowVersions(back.client)];
    const second = [await there(), await home()];

    expect(first.map(({ job }) => [job.failure, job.state])).toEqual(Array(2).fill([undefined, 'completed']));
    expect(second.map(({ job, counts: c }) => [job.state, c.inserted, c.updated, c.deleted])).toEqual(
      Array(2).fill(['completed', 0, 0, 0]),
    );
    expect([await rowVersions(office.client), await rowVersions(back.client)]).toEqual(versions);
    const { rows } = await office.client.query(
      'select distinct gis.st_srid(outline) as srid, gis.st_xmax(outline) < 0 as west from land.property where outline is not null',
    );
    expect(rows).toEqual([{ srid: '4326', west: 't' }]);
    const shapes = (await county.client.query(SHAPES)).rows;
    expect(shapes.filter((r) => r.at !== null).length).toBeGreaterThan(50);
    expect((await back.client.query(SHAPES)).rows).toEqual(shapes);
    for (const { client } of [county, back])
      await client.query('alter table parcels drop shape; drop extension postgis');
    expect(summary(await compareDatabases(county.client, back.client))).toEqual({});
  });
});
