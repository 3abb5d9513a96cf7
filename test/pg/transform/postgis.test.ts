import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { maskSchema } from '../../../lib/model/mask.ts';
import type { Column } from '../../../lib/model/table.ts';
import { compileMask } from '../../../lib/transformer/compile-mask.ts';
import { geometryFunctions } from '../../../lib/transformer/functions/geometry.ts';
import { answers, columnsOf, compiled, envOf, PINS } from './support.ts';

const url = process.env.TEST_POSTGIS_URL;
const RAW = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** Shapes that measures of PostGIS raise errors for, or answer oddly. */
const SHAPES = [
  'SRID=2926;POINT(3 4)',
  'POINT EMPTY',
  'POINT ZM(1 2 3 4)',
  'POINT M(1 2 3)',
  'POINT(1 1)',
  'LINESTRING EMPTY',
  'LINESTRING(0 0,3 4)',
  'POLYGON((0 0,2 0,2 2,0 2,0 0))',
  'POLYGON((0 0,1 1,1 0,0 1,0 0))',
  'POLYGON EMPTY',
  'MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((0 0,1 0,1 1,0 0)))',
  'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))',
  'GEOMETRYCOLLECTION(CIRCULARSTRING(0 0,1 1,2 0))',
  'GEOMETRYCOLLECTION EMPTY',
  'CIRCULARSTRING(0 0,1 1,2 0)',
  'COMPOUNDCURVE((0 0,1 0),CIRCULARSTRING(1 0,2 1,3 0))',
  'CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))',
  'MULTICURVE((0 0,1 1))',
  'MULTISURFACE(((0 0,1 0,1 1,0 0)))',
  'POLYHEDRALSURFACE(((0 0 0,0 0 1,0 1 1,0 0 0)))',
  'TIN(((0 0 0,0 0 1,0 1 0,0 0 0)))',
  'TRIANGLE((0 0,0 1,1 0,0 0))',
  'MULTIPOINT(1 1,2 2)',
  'LINESTRING(1e308 1e308,-1e308 -1e308)',
  'POLYGON((1e300 1e300,-1e300 1e300,-1e300 -1e300,1e300 1e300))',
];

/** Points of no place, which no text of a shape can say; they come first. */
const ODD = 3;

describe('PostGIS', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));
  const client = new pg.Client({ connectionString: url, types: RAW });
  let columns: readonly Column[] = [];
  let schema = '';

  beforeAll(async () => {
    if (!url) return;
    await client.connect();
    const found = await client.query(
      `select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'postgis'`,
    );
    schema = found.rows[0].nspname;
    await client.query(PINS);
    await client.query(`create temp table shape (n int4, g "${schema}".geometry)`);
    for (const [i, shape] of [...SHAPES, null].entries())
      await client.query(`insert into pg_temp.shape values ($1, $2::text::"${schema}".geometry)`, [i, shape]);
    const odd = `("${schema}".st_makepoint('NaN', 1)), ("${schema}".st_makepoint('Infinity', '-Infinity')), ("${schema}".st_makeline("${schema}".st_makepoint('Infinity', 0), "${schema}".st_makepoint('NaN', 0)))`;
    await client.query(`insert into pg_temp.shape select -1, v.g from (values ${odd}) v(g)`);
    columns = await columnsOf(client, 'pg_temp.shape');
  });
  afterAll(() => (url ? client.end() : undefined));
  const all = 'pg_temp.shape t order by t.n';

  test.each(geometryFunctions.map((f) => f.name))('%s is total', async (name) => {
    const found = await answers(client, compiled(`${name}(g)`, envOf(columns, schema)), all);

    expect(found.at(-1)?.slice(0, 2)).toEqual([null, false]);
    for (const [value, failed] of found.slice(0, -1)) expect(failed).toBe(value === null);
  });

  test.each([
    ['area(g)', 7, '4'],
    ['length(g)', 6, '5'],
    ['x(g)', 0, '3'],
    ['srid(g)', 0, '2926'],
    ['numPoints(g)', 7, '5'],
    ['isValid(g)', 8, 'false'],
    ['geometryType(g)', 10, 'MultiPolygon'],
  ])('%s of shape %i is %s', async (text, at, value) => {
    const found = await answers(client, compiled(text, envOf(columns, schema)), all);
    expect(found[at + ODD]?.[0]).toBe(value);
  });

  test('jitter is total, moves each shape within its distance, and the same way again', async () => {
    await client.query(`set tfsync.mask_key = 'key'`);
    const result = compileMask(
      maskSchema.parse({ kind: 'jitter', distance: 10 }),
      columns[1] as Column,
      envOf(columns, schema),
    );
    if (!('ok' in result)) throw new Error(JSON.stringify(result));
    const first = await answers(client, result.ok, all);
    expect(await answers(client, result.ok, all)).toEqual(first);
    expect(first.at(-1)?.slice(0, 2)).toEqual([null, false]);
    const { rows } = await client.query(
      `select "${schema}".st_x(q.m) - 3 as x, "${schema}".st_y(q.m) - 4 as y, "${schema}".st_srid(q.m) as srid from (select ${result.ok.sql} as m from pg_temp.shape t where t.n = 0) q`,
    );
    const [{ x, y, srid }] = rows;
    expect(Math.abs(Number(x))).toBeLessThanOrEqual(10);
    expect(Math.abs(Number(y))).toBeLessThanOrEqual(10);
    expect([Number(x) === 0, Number(y) === 0, srid]).toEqual([false, false, '2926']);
  });
});
