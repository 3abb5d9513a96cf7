import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../lib/ports.ts';
import { postgresDatabases } from '../../../lib/postgres/databases.ts';
import { drawShapes } from '../../../lib/postgres/deciding-databases.ts';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { databaseAt } from '../../support/elsewhere.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

// a server with PostGIS in the database named; nothing is written there
const url = process.env.TEST_POSTGIS_URL;

const open = (database: TestDatabase): Promise<Database> =>
  postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' }).source(database.connection, {
    name: 'shapes',
    statementTimeoutMs: 8_000,
  });

test('a server without PostGIS draws nothing', async () => {
  await using plain = await createDatabase();
  const database = await open(plain);
  try {
    expect(await drawShapes(database, 'geometry', ['0101000000', null, null])).toBeUndefined();
  } finally {
    await database.close();
  }
});

describe('shapes of a conflict', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

  let at: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    if (!url) return;
    at = await databaseAt(url);
    database = await open(at);
  });
  afterAll(async () => {
    if (!url) return;
    await database.close();
    await at[Symbol.asyncDispose]();
  });

  async function draw(kind: 'geometry' | 'geography', ...shapes: (string | null)[]) {
    const { rows } = await at.client.query(
      `select array_to_json(array_agg(s::${kind}::text order by n))::text as v from unnest($1::text[]) with ordinality u(s, n)`,
      [shapes],
    );
    return drawShapes(database, kind, JSON.parse(rows[0].v));
  }

  test('are in WGS 84, with area, vertices and distance', async () => {
    const found = await draw(
      'geometry',
      'SRID=3857;POLYGON((0 0,0 1000,1000 1000,1000 0,0 0))',
      'SRID=3857;POLYGON((3000 0,3000 1000,4000 1000,4000 0,3000 0))',
      null,
    );

    expect(found?.why).toBeUndefined();
    expect(found?.distance).toBe(2000);
    expect([...(found?.shapes.keys() ?? [])]).toEqual([0, 1]);
    expect(found?.shapes.get(0)).toMatchObject({
      srid: 3857,
      area: 1_000_000,
      vertices: 5,
      geojson: { type: 'Polygon' },
    });
    const drawn = found?.shapes.get(0)?.geojson as { coordinates: [number, number][][] } | undefined;
    const [ring] = drawn?.coordinates ?? [];
    for (const [x, y] of ring ?? []) expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(0.01);
    expect(ring?.some(([x]) => x > 0.008)).toBe(true);
  });

  test('without SRID, or of one that nobody knows, are as they are stored, and said to be', async () => {
    const without = await draw('geometry', 'POINT(700000 200000)', 'POINT(700003 200004)', null);
    const strange = await draw('geometry', 'SRID=12345;POINT(1 2)', null, null);

    expect(without).toMatchObject({ why: 'no_srid', distance: 5 });
    expect(without?.shapes.get(0)?.geojson).toMatchObject({ type: 'Point', coordinates: [700000, 200000] });
    expect(strange).toMatchObject({ why: 'cannot_transform' });
    expect(strange?.shapes.get(0)).toMatchObject({ srid: 12345, geojson: { coordinates: [1, 2] } });
  });

  test('of two SRIDs have no distance; empty ones and curves are drawn', async () => {
    const mixed = await draw('geometry', 'SRID=4326;POINT(1 2)', 'SRID=3857;POINT(1 2)', 'SRID=4326;POINT EMPTY');
    const curve = await draw('geometry', 'SRID=4326;CIRCULARSTRING(0 0,1 1,2 0)', null, null);

    expect(mixed?.distance).toBeUndefined();
    expect(mixed?.shapes.size).toBe(3);
    expect(curve?.shapes.get(0)?.geojson).toMatchObject({ type: 'LineString' });
  });

  test('of a geography are measured in metres', async () => {
    const found = await draw('geography', 'POINT(0 0)', 'POINT(0 1)', null);

    expect(found?.distance).toBeGreaterThan(110_000);
    expect(found?.distance).toBeLessThan(111_000);
  });

  test('that are large are measured and not drawn; what is no geometry is nothing', async () => {
    const large = await at.client.query(
      `select st_makeline(array(select st_setsrid(st_makepoint(i, i % 7), 4326) from generate_series(1, 40000) i))::text as g`,
    );

    const found = await drawShapes(database, 'geometry', [large.rows[0].g, null, null]);

    expect(found?.shapes.get(0)).toMatchObject({ vertices: 40_000 });
    expect(found?.shapes.get(0)).not.toHaveProperty('geojson');
    expect(await drawShapes(database, 'geometry', ['not a shape', null, null])).toBeUndefined();
  });
});
