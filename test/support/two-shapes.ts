import { createPair, type TestPair } from './databases.ts';

/** Parcels under one shape, and under another: other names, types, codes; one column moved into a json document. */
export async function twoShapes(rows = 300): Promise<TestPair> {
  const pair = await createPair();
  await pair.source.client.query(`
    create type use as enum ('RES', 'COM', 'AGR');
    create table parcel (
      parcel_id int primary key, apn text not null unique, kind use, value numeric(14,2), site_city text,
      changed timestamptz not null default '2024-01-01', "odd ""name" text);
    insert into parcel
      select i, 'P-' || i, (array['RES', 'COM', 'AGR', null])[i % 4 + 1]::use, i * 10.5,
             case when i % 5 > 0 then 'city ' || i % 7 end, '2024-01-01'::timestamptz + i * interval '1 hour', 'x' || i
      from generate_series(1, ${rows}) i`);
  await pair.target.client.query(`
    create schema land;
    create table land.land_use (id smallint primary key, code text not null unique);
    insert into land.land_use values (1, 'RES'), (2, 'COM'), (3, 'AGR');
    create table land.property (
      id bigint primary key, number text not null unique, use_id smallint references land.land_use,
      assessed numeric(16,2), address jsonb not null, county text not null, note text default 'new',
      last_change timestamptz not null, odd text)`);
  return pair;
}

/** How the one is made of the other. */
export const MAPPING = {
  'land.property': {
    from: 'public.parcel',
    columns: {
      id: 'parcel_id',
      number: 'apn',
      use_id: { column: 'kind', lookup: { table: 'land.land_use', match: 'code', take: 'id' } },
      assessed: 'value',
      address: { json_object: { city: 'site_city' } },
      county: { constant: 'Benton' },
      note: { default: true },
      last_change: 'changed',
      odd: 'odd "name',
    },
  },
} as const;
