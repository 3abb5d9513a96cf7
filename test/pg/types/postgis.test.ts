import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DataTypeHandler } from '../../../lib/data-types/handler.ts';
import { geometry, geometryShape } from '../../../lib/data-types/spatial.ts';

// a server with PostGIS in the database named; nothing is written there
const url = process.env.TEST_POSTGIS_URL;

describe('PostGIS', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

  const client = new pg.Client({ connectionString: url });
  let schema = '';

  beforeAll(async () => {
    if (!url) return;
    await client.connect();
    const { rows } = await client.query(
      `select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'postgis'`,
    );
    schema = rows[0].nspname;
    await client.query(`set search_path = ''`);
  });
  afterAll(() => (url ? client.end() : undefined));

  async function alike(handler: DataTypeHandler, type: 'geometry' | 'geography', [a, b]: readonly [string, string]) {
    const canonical = handler.canonical('t.g', { schema, name: type, kind: 'b' });
    const { rows } = await client.query(
      `select array_agg((${canonical})::text order by n) as c
       from unnest($1::text[]) with ordinality u(s, n), lateral (select u.s::"${schema}"."${type}" offset 0) t(g)`,
      [[a, b]],
    );
    return rows[0].c[0] === rows[0].c[1];
  }

  const RING = 'SRID=2926;POLYGON((0 0,1 0,1 1,0 0))';
  const cases: readonly (readonly [a: string, b: string, exact: boolean, shape: boolean])[] = [
    [RING, RING, true, true],
    [RING, 'SRID=2926;POLYGON((1 0,1 1,0 0,1 0))', false, true],
    [RING, 'SRID=2926;POLYGON((0 0,1 1,1 0,0 0))', false, true],
    [RING, 'SRID=2926;POLYGON((0 0,1.0000001 0,1 1,0 0))', false, true],
    [RING, 'SRID=2926;POLYGON((0 0,1.1 0,1 1,0 0))', false, false],
    [RING, 'SRID=4326;POLYGON((0 0,1 0,1 1,0 0))', false, false],
    [RING, 'SRID=2926;POLYGON Z((0 0 0,1 0 0,1 1 0,0 0 0))', false, false],
    ['POINT M(1 2 3)', 'POINT M(1 2 4)', false, false],
    ['POINT Z(1 2 3)', 'POINT M(1 2 3)', false, false],
    ['POINT EMPTY', 'LINESTRING EMPTY', false, false],
    ['POLYGON((0 0,1e-6 0,1e-6 1e-6,0 0))', 'POLYGON((0 0,1e-6 0,1e-6 1e-6,0 0))', true, true],
    ['CIRCULARSTRING(0 0,1 1,2 0)', 'CIRCULARSTRING(0 0,1 -1,2 0)', false, false],
    ['MULTIPOINT(1 1,2 2)', 'MULTIPOINT(2 2,1 1)', false, true],
  ];

  test.each(cases)('compares %s with %s', async (a, b, exact, shape) => {
    expect(await alike(geometry, 'geometry', [a, b])).toBe(exact);
    expect(await alike(geometryShape(0.001), 'geometry', [a, b])).toBe(shape);
  });

  test('compares geography alike', async () => {
    const pair = ['POLYGON((0 0,1 0,1 1,0 0))', 'POLYGON((1 0,1 1,0 0,1 0))'] as const;

    expect(await alike(geometry, 'geography', pair)).toBe(false);
    expect(await alike(geometryShape(1e-6), 'geography', pair)).toBe(true);
  });
});
