import { createPair, type TestPair } from './databases.ts';
import type { runJob } from './in-process.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

/** Parcels with items, notes of items, and owners that parcels refer to; a parcel may be part of another one. Three of each, equal on both sides. */
export async function parcelsPair(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target]) {
    await client.query(`
      create table owners (id int primary key, name text);
      create table parcels (id int primary key, owner_id int references owners, part_of int references parcels, x text);
      create table items (id int primary key, parcel_id int not null references parcels, x text);
      create table notes (id int primary key, item_id int not null references items on delete cascade, x text);
      create index on items (parcel_id)`);
    await client.query(`
      insert into owners select i, 'o' || i from generate_series(1, 3) i;
      insert into parcels values (1, 1, null, 'p'), (2, 2, null, 'p'), (3, 3, null, 'p');
      insert into items select 10 * p + i, p, 'i' from generate_series(1, 3) p, generate_series(1, 4) i;
      insert into notes select 10 * id, id, 'n' from items`);
  }
  return pair;
}

/** A job over one parcel. */
export const parcel = (id: number, more: Record<string, unknown> = {}): Config =>
  ({ project: { root: 'public.parcels', key: id, parents: 'insert', ...more }, delete_mode: 'mirror' }) as Config;
