import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { type E2eService, startService } from './support.ts';

// a server with PostGIS, which the one of the other tests does not have
const url = process.env.TEST_POSTGIS_URL;

let service: E2eService;
beforeAll(async () => {
  if (url) service = await startService();
});
afterAll(() => service?.[Symbol.asyncDispose]());
beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

/** Two databases with PostGIS in a schema that no search path has. */
async function parcels() {
  const [source, target] = [await createDatabaseAt(url ?? ''), await createDatabaseAt(url ?? '')];
  for (const { client } of [source, target]) {
    await client.query('create schema gis; create extension postgis schema gis');
    await client.query('create table parcels (id int primary key, owner text, shape gis.geometry)');
  }
  return {
    source,
    target,
    [Symbol.asyncDispose]: async () => {
      await source[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** A square of so many feet in the state plane of Washington (EPSG:2926), somewhere in Seattle. */
const square = (feet: number, east = 0) => {
  const [x, y] = [1_270_000 + east, 230_000];
  const corners = [
    [x, y],
    [x + feet, y],
    [x + feet, y + feet],
    [x, y + feet],
    [x, y],
  ];
  return `gis.st_geomfromtext('POLYGON((${corners.map((c) => c.join(' ')).join(',')}))', 2926)`;
};

test('a parcel whose shape both sides changed is drawn over the API, and decided', async () => {
  await using pair = await parcels();
  for (const { client } of [pair.source, pair.target])
    await client.query(`insert into parcels values (1, 'Ada', ${square(100)}), (2, 'Grace', ${square(50, 500)})`);
  const config = { conflict_strategy: 'manual', conflict_rules: { 'public.parcels': { keep_images: true } } } as const;
  expect((await service.waitForEnd(await service.startFull(pair, config))).state).toBe('completed');
  await pair.source.client.query(`update parcels set shape = ${square(200)} where id = 1`);
  await pair.target.client.query(`update parcels set shape = ${square(100, 400)} where id = 1`);
  const jobId = await service.startFull(pair, config);
  expect((await service.waitForEnd(jobId)).state).toBe('completed_with_issues');

  const { conflicts } = (await service.get(`/api/sync/conflicts/${jobId}`)).body;
  const one = `/api/sync/conflicts/${jobId}/${conflicts[0].conflict_id}`;
  const detail = (await service.get(one)).body;
  const [field] = detail.fields;

  expect(field).toMatchObject({ column: 'shape', differs: true, changed_by: 'both' });
  expect(field.shapes).toMatchObject({
    crs: 'EPSG:4326',
    source: { srid: 2926, vertices: 5, geojson: { type: 'Polygon' } },
    target: { srid: 2926, vertices: 5, geojson: { type: 'Polygon' } },
    base: { srid: 2926, vertices: 5, geojson: { type: 'Polygon' } },
  });
  const { source, target, base, distance } = field.shapes;
  expect([source.area, target.area, base.area].map(Math.round)).toEqual([40_000, 10_000, 10_000]);
  expect(distance).toBeCloseTo(200, 3); // from 200 to 400 feet east
  for (const shape of [source, target, base])
    for (const [longitude, latitude] of shape.geojson.coordinates[0]) {
      expect(longitude).toBeGreaterThan(-122.5);
      expect(longitude).toBeLessThan(-122.2);
      expect(latitude).toBeGreaterThan(47.5);
      expect(latitude).toBeLessThan(47.8);
    }
  expect(JSON.stringify(await service.items())).not.toContain('geojson'); // drawn when it is asked for, never stored

  const body = { fields: { shape: { side: 'source' } }, expected: detail.expected, note: 'surveyed' };
  expect((await service.post(`${one}/resolve`, body)).status).toBe(200);
  const { rows } = await pair.target.client.query(
    `select gis.st_equals(shape, ${square(200)})::text as taken from parcels where id = 1`,
  );
  expect(rows).toEqual([{ taken: 'true' }]);
  expect((await service.get(one)).body).toMatchObject({ state: 'resolved', decision: { fields: { shape: 'source' } } });
});
