import { expect, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createCountyPair, smallCounty } from '../support/county.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

const TABLE = `create table parcels (id bigint primary key, pin text not null, value numeric(14,2), attributes jsonb, seen timestamptz)`;
const rows = (from: number, to: number) =>
  `insert into parcels select i, 'pin-' || i, i * 1.25, jsonb_build_object('acres', i / 7.0), timestamptz '2024-01-01' + i * interval '1 minute' from generate_series(${from}, ${to}) i`;

test('fills an empty target', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(rows(1, 5000));

  const { job, counts } = await runJob(pair);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ read: 5000, inserted: 5000, unchanged: 0 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('applies changes, keeps what only the target has, and removes it in a mirror', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(TABLE);
    await db.client.query(rows(1, 3000));
  }
  await pair.source.client.query(`update parcels set value = value + 1 where id % 100 = 0`);
  await pair.target.client.query(`delete from parcels where id % 150 = 1`);
  await pair.target.client.query(rows(5001, 5010));

  const kept = await runJob(pair);
  const mirrored = await runJob(pair, { delete_mode: 'mirror' });

  expect(kept.job.state).toBe('completed');
  expect(kept.counts).toMatchObject({ read: 3010, inserted: 20, updated: 30, unchanged: 2950, kept: 10, deleted: 0 });
  expect(mirrored.job.state).toBe('completed');
  expect(mirrored.counts).toMatchObject({ read: 3010, unchanged: 3000, kept: 0, deleted: 10 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('brings a drifted county in step, and a second run writes nothing', async () => {
  await using pair = await createCountyPair();

  const first = await runJob(pair, { delete_mode: 'mirror', max_delete_percent: 100 });
  const before = await rowVersions(pair.target.client);
  const second = await runJob(pair, { delete_mode: 'mirror' });

  expect(first.job.failure).toBeUndefined();
  expect(first.job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  expect(second.job.state).toBe('completed');
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, kept: 0, unchanged: second.counts.read });
  expect(await rowVersions(pair.target.client)).toEqual(before);
});

test('fills an empty county in foreign-key order, with identities, generated columns and self-references', async () => {
  await using pair = await createPair({ template: smallCounty });
  await pair.target.client.query(`do $$ declare t text; begin
    for t in select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema') loop
      execute 'truncate ' || t || ' cascade'; end loop; end $$`);

  const { job } = await runJob(pair, { batch_size: 100 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('moves sequences past the copied rows, and never backwards', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(
      'create table a (id int generated always as identity primary key, note text); create table b (id serial primary key)',
    );
  }
  await pair.source.client.query(`insert into a (note) select 'n' from generate_series(1, 50)`);
  await pair.target.client.query(`select setval('b_id_seq', 900)`);

  const { job } = await runJob(pair);

  expect(job.state).toBe('completed');
  const next = await pair.target.client.query(`insert into a (note) values ('mine') returning id`);
  expect(next.rows[0].id).toBe('51');
  expect((await pair.target.client.query(`select nextval('b_id_seq')`)).rows[0].nextval).toBe('901');
});

test('columns and tables may have any name', async () => {
  await using pair = await createPair();
  const odd = `create schema "Odd ""one"""; create table "Odd ""one"""."t;--" ("n" int, "h1" text, "B b" text, "k1" int, "$1" text, "naïve" text, primary key ("k1", "n"))`;
  for (const db of [pair.source, pair.target]) await db.client.query(odd);
  await pair.source.client.query(
    `insert into "Odd ""one"""."t;--" select i, 'h', 'b', i % 3, 'd', 'ï' from generate_series(1, 300) i`,
  );
  await pair.target.client.query(
    `insert into "Odd ""one"""."t;--" select i, 'other', 'b', i % 3, 'd', 'ï' from generate_series(200, 400) i`,
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', max_delete_percent: 100 });

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 199, updated: 101, deleted: 100, read: 400 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
