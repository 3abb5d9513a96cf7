import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { Secret } from '../../lib/model/secret.ts';
import { startPostgres } from '../../local/postgres.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob, start } from '../support/in-process.ts';

// What following the log needs, and what it gives up.

const CDC = { detection_strategy: 'cdc' };

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

/** A pair whose source is opened by a role that may read the tables and nothing else. */
async function asReader(): Promise<{ readonly pair: TestPair; readonly role: string; readonly reading: TestPair }> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table a (id int primary key, x text); create table b (id int, y int not null);
      create unlogged table c (id int primary key); create table d (id int primary key, z int);
      alter table d replica identity nothing; create view v as select 1 as id`);
  const role = `reader_${pair.source.name}`;
  await pair.source.client.query(`create role ${role} login password 'pw';
    grant select on all tables in schema public to ${role}; insert into a values (1, 'one')`);
  const connection = { ...pair.source.connection, user: role, password: new Secret('pw') };
  return { pair, role, reading: { ...pair, source: { ...pair.source, connection } } };
}

test('what is missing is told at once with its remedies, nothing is written, and with them the job runs', async () => {
  const { pair: owned, role, reading } = await asReader();
  await using pair = owned;
  const tables = { include: ['public.a', 'public.c', 'public.d'] };

  const refused = await start(reading, { ...CDC, tables }).catch((e) => e);
  const told = refused.problems.map((p: { code: string; object?: string }) => `${p.code} ${p.object ?? ''}`.trim());
  const untouched = await pair.source.client.query('select 1 from pg_publication');
  const remedies: string[] = refused.problems.map((p: { hint: string }) => p.hint); // as they are printed
  for (const remedy of remedies) await pair.source.client.query(remedy);
  const full = await runJob(reading, { ...CDC, tables });
  await pair.source.client.query(
    `insert into d values (1, 1); update d set z = 2; insert into c values (5); delete from a`,
  );
  const { job, counts } = await runJob(reading, { ...CDC, tables }, {}, ports(), 'incremental');
  const after = (
    await pair.target.client.query(
      'select (select count(*) from a) as a, (select z from d) as z, (select id from c) as c',
    )
  ).rows;
  await pair.source.client.query(
    `drop publication ${(await pair.source.client.query('select pubname from pg_publication')).rows[0].pubname}`,
  );
  await pair.source.client.query(`drop owned by ${role}; drop role ${role}`);

  expect(told[0]).toBe('privilege_missing');
  expect(told.slice(1, 3)).toEqual(['replica_identity_missing public.c', 'replica_identity_missing public.d']);
  expect(told[3]).toMatch(/^privilege_missing tfsync_[0-9a-f]{32}$/);
  expect(untouched.rows).toEqual([]);
  expect(full.job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 2, deleted: 1 });
  expect(after).toEqual([{ a: '0', z: '2', c: '5' }]);
});

test('a view, and a table without a key, are refused', async () => {
  const { pair: owned, role, reading } = await asReader();
  await using pair = owned;

  const refused = await start(pair, { ...CDC, tables: { include: ['public.b', 'public.v'] } }).catch((e) => e);
  await pair.source.client.query(`drop owned by ${role}; drop role ${role}`);

  expect(reading.source.name).toBe(pair.source.name);
  expect(refused.problems.map((p: { code: string; object?: string }) => `${p.code} ${p.object}`)).toEqual(
    expect.arrayContaining(['no_key public.b', 'relation_kind_unsupported public.v']),
  );
});

test('a slot that the server has cut off is made anew, and only what differs is written', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tfsync-slots-'));
  const settings = { fsync: 'off', wal_level: 'logical', max_slot_wal_keep_size: '1MB' };
  const server = await startPostgres({ dataDir, settings });
  const clients = new Map<string, pg.Client>();
  for (const name of ['postgres', 'here', 'there']) {
    if (name !== 'postgres') await clients.get('postgres')?.query(`create database ${name}`);
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    clients.set(name, client);
    await client.query('create table t (id int primary key, n int)');
  }
  const end = (database: string) => {
    const password = new Secret(server.password);
    const { host, port, user } = server;
    return { connection: { host, port, user, database, password, sslmode: 'disable' as const } };
  };
  const pair = { source: end('here'), target: end('there') };
  const source = clients.get('here') as pg.Client; // made above
  await source.query('insert into t select i, 0 from generate_series(1, 50) i');
  await runJob(pair, CDC);
  await source.query('update t set n = 1 where id < 4');
  for (let i = 0; i < 4; i++)
    for (const text of ['select pg_switch_wal()', 'create table junk ()', 'drop table junk', 'checkpoint'])
      await source.query(text);
  const { rows } = await source.query('select wal_status from pg_replication_slots');

  const healed = await runJob(pair, CDC, {}, ports(), 'incremental');
  const [table] = await healed.ports.jobs.tables(healed.job.job_id);
  await source.query('update t set n = 2 where id = 9');
  const next = await runJob(pair, CDC, {}, ports(), 'incremental');
  for (const client of clients.values()) await client.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });

  expect(rows).toEqual([{ wal_status: 'lost' }]);
  expect(healed.job.failure).toBeUndefined();
  expect(table?.whole).toBe('resync_required');
  expect(healed.counts).toMatchObject({ updated: 3, unchanged: 47 });
  expect(next.counts).toMatchObject({ read: 1, updated: 1 });
});

test('a server whose log does not tell rows is refused', async () => {
  await using pair = await createPair();
  const dataDir = mkdtempSync(join(tmpdir(), 'tfsync-replica-'));
  const server = await startPostgres({ dataDir, settings: { fsync: 'off', wal_level: 'replica' } });
  const url = new URL(server.url('postgres'));
  const connection = {
    ...pair.source.connection,
    port: Number(url.port),
    database: 'postgres',
    user: url.username,
    password: new Secret(url.password),
  };
  await pair.target.client.query('create table t (id int primary key)');

  const refused = await start({ ...pair, source: { ...pair.source, connection } }, CDC).catch((e) => e);
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });

  expect(refused.problems.map((p: { code: string }) => p.code)).toContain('log_unavailable');
});

test('a transaction of more rows than are worth a look by key is streamed, and its table compared whole', {
  timeout: 180_000,
}, async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(
      'create table t (id int primary key, n int not null default 0); create table u (id int primary key, n int)',
    );
  await pair.source.client.query(
    'insert into t select i from generate_series(1, 210000) i; insert into u select i, 0 from generate_series(1, 10) i',
  );
  await runJob(pair, CDC);
  await pair.source.client.query(
    'begin; update t set n = n; update t set n = 1 where id < 1000; update u set n = 1 where id < 5; commit',
  );

  const { job, ports: p } = await runJob(pair, CDC, {}, ports(), 'incremental');
  const keys = (await p.jobs.tables(job.job_id)).map((t) => [t.name, t.whole ?? t.changed_keys]);
  await pair.source.client.query('update t set n = n + 1 where id = 7');
  const next = await runJob(pair, CDC, {}, ports(), 'incremental');

  expect(job.state).toBe('completed');
  expect(keys).toEqual([
    ['public.t', 'too_many_changes'],
    ['public.u', 4],
  ]);
  expect(next.counts).toMatchObject({ read: 1, updated: 1 });
  expect(await different(pair)).toEqual({});
});
