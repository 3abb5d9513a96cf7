import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import type { Connection } from '../../../lib/model/connection.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { compareDatabases, summary } from '../../support/compare.ts';
import { runJob } from '../../support/in-process.ts';

// a server with PostGIS; each test makes two databases there, and drops them
const url = process.env.TEST_POSTGIS_URL;

interface End extends AsyncDisposable {
  readonly connection: Connection;
  readonly client: pg.Client;
}

const RAW_TEXT = { getTypeParser: () => (value: string | Buffer) => value };

async function asAdmin(sql: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(sql);
  await admin.end();
}

/** A database with PostGIS in a schema that no search path has. */
async function end(): Promise<End> {
  const name = `tfsync_gis_${randomUUID().slice(0, 8)}`;
  await asAdmin(`create database ${name}`);
  const at = new URL(url ?? '');
  at.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: at.href, types: RAW_TEXT });
  await client.connect();
  await client.query('create schema gis; create extension postgis schema gis');
  return {
    client,
    connection: {
      host: at.hostname,
      port: Number(at.port),
      database: name,
      user: decodeURIComponent(at.username),
      password: new Secret(decodeURIComponent(at.password)),
      sslmode: 'disable',
    },
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await asAdmin(`drop database ${name} with (force)`);
    },
  };
}

const TABLE = `create table public.plots (id int primary key, g gis.geometry, e gis.geography);
  create table public.points (g gis.geometry primary key, v text)`;

/** One row each: the same in the source and in the target, the same shape, or another one. */
const ROWS: readonly (readonly [geometry: string, other: string, shape: boolean])[] = [
  [
    'SRID=2926;POLYGON((0 0,4 0,4 4,0 0),(1 .5,2 .5,2 1,1 .5))',
    'SRID=2926;POLYGON((4 0,4 4,0 0,4 0),(2 1,1 .5,2 .5,2 1))',
    true,
  ],
  ['SRID=2926;POLYGON((0 0,1 0,1 1,0 0))', 'SRID=2926;POLYGON((0 0,1 1,1 0,0 0))', true],
  ['LINESTRING(0 0,1 1,1 1,2 2)', 'LINESTRING(0 0,1 1,2 2)', true],
  ['LINESTRING(0 0,1 1)', 'LINESTRING(0 0,1.0000001 1)', true],
  ['LINESTRING(0 0,1 1)', 'LINESTRING(0 0,1.1 1)', false],
  ['SRID=2926;POINT(1 2)', 'SRID=4326;POINT(1 2)', false],
  ['POINT Z(1 2 3)', 'POINT M(1 2 3)', false],
  ['POINT ZM(1 2 3 4)', 'POINT ZM(1 2 3 5)', false],
  ['POINT EMPTY', 'LINESTRING EMPTY', false],
  ['POLYGON EMPTY', 'MULTIPOLYGON EMPTY', false],
  ['GEOMETRYCOLLECTION EMPTY', 'POINT EMPTY', false],
  ['CIRCULARSTRING(0 0,1 1,2 0)', 'CIRCULARSTRING(0 0,1.0000001 1,2 0)', false],
  [
    'COMPOUNDCURVE((0 0,1 1),CIRCULARSTRING(1 1,2 2,3 1))',
    'COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,3 3))',
    false,
  ],
  ['TIN(((0 0,1 0,1 1,0 0)))', 'TIN(((1 0,1 1,0 0,1 0)))', false],
  ['POLYHEDRALSURFACE(((0 0,1 0,1 1,0 0)))', 'POLYHEDRALSURFACE(((1 0,1 1,0 0,1 0)))', false],
  [
    'GEOMETRYCOLLECTION(POLYHEDRALSURFACE(((0 0,1 0,1 1,0 0))))',
    'GEOMETRYCOLLECTION(TRIANGLE((0 0,1 0,1 1,0 0)))',
    false,
  ],
  ['LINESTRING M(0 0 1,1 1 2)', 'LINESTRING M(0 0 1,1.0000001 1 2)', true],
  ['CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))', 'CURVEPOLYGON(CIRCULARSTRING(2 0,1 -1,0 0,1 1,2 0))', false],
  ['GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(0 0,1 1))', 'GEOMETRYCOLLECTION(LINESTRING(0 0,1 1),POINT(0 0))', true],
  ['MULTIPOINT(1 1,2 2)', 'MULTIPOINT(2 2,1 1)', true],
];

describe('PostGIS jobs', () => {
  beforeEach(({ skip }) => skip(!url, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server'));

  test.each(['hash', 'content'])(
    'by shape only other shapes are written, by EWKB all others (%s)',
    async (strategy) => {
      await using source = await end();
      await using target = await end();
      for (const { client } of [source, target]) await client.query(TABLE);
      const fill = `insert into public.plots select n, g::gis.geometry, null from unnest($1::text[]) with ordinality u(g, n)`;
      await source.client.query(fill, [ROWS.map((r) => r[0])]);
      await target.client.query(fill, [ROWS.map((r) => r[1])]);
      const geography = `insert into public.plots values (100, null, $1::text::gis.geography)`;
      await source.client.query(geography, ['POLYGON((0 0,1 0,1 1,0 0))']);
      await target.client.query(geography, ['POLYGON((1 0,1 1,0 0,1 0))']);
      const shape = { shape: { grid: 0.001 } };
      const config: Partial<JobConfig> = {
        detection_strategy: strategy,
        equality: { 'public.plots.g': shape, 'public.plots.e': shape },
      };
      const other = ROWS.filter((r) => !r[2]).length;

      const byShape = await runJob({ source, target }, config);
      const again = await runJob({ source, target }, config);
      const exact = await runJob({ source, target }, { detection_strategy: strategy });

      expect(byShape).toMatchObject({ job: { state: 'completed' }, counts: { updated: other } });
      expect(again.counts).toMatchObject({ updated: 0, unchanged: ROWS.length + 1 });
      expect(exact.counts).toMatchObject({ updated: ROWS.length + 1 - other });
      expect(summary(await compareDatabases(source.client, target.client))).toEqual({});
    },
  );

  test('a geometry can be the key of a table', async () => {
    await using source = await end();
    await using target = await end();
    for (const { client } of [source, target]) await client.query(TABLE);
    const fill = `insert into public.points select g::gis.geometry, v from unnest($1::text[], $2::text[]) u(g, v)`;
    await source.client.query(fill, [
      ['SRID=4326;POINT(1 2)', 'SRID=4326;POINT(3 4)', 'POINT EMPTY'],
      ['a', 'b', 'c'],
    ]);
    await target.client.query(fill, [
      ['SRID=4326;POINT(1 2)', 'SRID=4326;POINT(9 9)', 'POINT EMPTY'],
      ['old', 'x', 'c'],
    ]);

    const { job, counts } = await runJob({ source, target }, { delete_mode: 'mirror' });

    expect(job.state).toBe('completed');
    expect(counts).toMatchObject({ inserted: 1, updated: 1, deleted: 1, unchanged: 1 });
    expect(summary(await compareDatabases(source.client, target.client))).toEqual({});
  });
});
