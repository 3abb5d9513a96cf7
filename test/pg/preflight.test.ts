import { expect, test } from 'vitest';
import type { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, start } from '../support/in-process.ts';

const TABLE = `create table t (id int primary key, x text)`;

/** What a start is refused with; fails when it is not refused, or when anything was written. */
async function refusal(pair: TestPair, config: Parameters<typeof start>[1] = {}): Promise<SyncError> {
  const p = ports();
  const error = await start(pair, config, p).then(
    () => undefined,
    (e: unknown) => e as SyncError,
  );
  if (!error) throw new Error('the start was accepted');
  expect((await p.jobs.list({ limit: 10 })).jobs).toEqual([]);
  const { rows } = await pair.target.client.query(`select to_regnamespace('tf_sync') as ns`);
  expect(rows[0].ns).toBeNull();
  return error;
}

test('refuses one database under two names', async () => {
  await using pair = await createPair();
  const twice = { ...pair, target: { ...pair.source, connection: { ...pair.source.connection, host: 'localhost' } } };

  expect(await refusal(twice)).toMatchObject({ code: 'same_database' });
});

test('names the side that cannot be reached, signs nobody in, and knows no such database; both at once', async () => {
  await using pair = await createPair();
  const secret = 'canary-8f3a';
  const nowhere = { ...pair.source, connection: { ...pair.source.connection, port: 1, password: new Secret(secret) } };
  const nobody = { ...pair.target, connection: { ...pair.target.connection, password: new Secret(secret) } };
  const missing = { ...pair.target, connection: { ...pair.target.connection, database: 'no_such_database' } };

  const both = await refusal({ ...pair, source: nowhere, target: nobody });
  const noDatabase = await refusal({ ...pair, target: missing });

  expect(both.problems.map((p) => [p.code, p.side, p.field])).toEqual([
    ['connection_unreachable', 'source', '/source_connection'],
    ['connection_auth_failed', 'target', '/target_connection'],
  ]);
  expect(JSON.stringify(both)).not.toContain(secret);
  expect(noDatabase).toMatchObject({ code: 'database_not_found' });
});

test('refuses a read-only target', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.target.client.query(`alter database ${pair.target.name} set default_transaction_read_only = on`);

  expect(await refusal(pair)).toMatchObject({ code: 'target_read_only' });
});

test('finds every difference of the schemas at once', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table keyless (x int);
    create table lost (id int primary key);
    create table t (id int primary key, gone text, kind int, made int generated always as (1) stored, plain int);
    create table k (a int, b int, primary key (a, b))`);
  await pair.target.client.query(`
    create table keyless (x int);
    create table t (id int primary key, kind bool, made int, plain int, needed int not null);
    create table k (a int primary key, b int)`);

  const error = await refusal(pair);

  expect(error.problems.map((p) => `${p.code} ${p.object}`).sort()).toEqual([
    'column_not_found public.t.gone',
    'key_mismatch public.k',
    'no_key public.keyless',
    'table_not_found public.lost',
    'target_column_generated public.t.made',
    'target_column_unmapped public.t.needed',
    'type_incompatible public.t.kind',
  ]);
});

test('lists every missing privilege with its GRANT', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const role = `weak_${pair.target.name}`;
  await pair.target.client.query(
    'alter table t add column n serial; create schema hidden; create table hidden.h (id int primary key)',
  );
  await pair.source.client.query(
    'alter table t add column n serial; create schema hidden; create table hidden.h (id int primary key)',
  );
  await pair.target.client.query(
    `create role ${role} login password 'pw'; grant usage on schema public to ${role}; grant select on t to ${role}`,
  );
  const weak = { ...pair.target, connection: { ...pair.target.connection, user: role, password: new Secret('pw') } };

  const error = await refusal({ ...pair, target: weak }, { triggers: 'suppress' });
  await pair.target.client.query(`drop owned by ${role}; drop role ${role}`);

  expect(error.problems.map((p) => p.hint)).toEqual([
    `GRANT CREATE ON DATABASE ${pair.target.name} TO ${role};`,
    `GRANT SET ON PARAMETER session_replication_role TO ${role}; -- PostgreSQL 15 and later`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON hidden.h TO ${role};`,
    `GRANT USAGE ON SCHEMA hidden TO ${role};`,
    `GRANT INSERT, UPDATE, DELETE ON public.t TO ${role};`,
    `GRANT UPDATE ON SEQUENCE public.t_n_seq TO ${role};`,
  ]);
});

test('the default needs DELETE and says so; keep does without', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const role = `writer_${pair.target.name}`;
  await pair.target.client.query(
    `create role ${role} login password 'pw'; grant create on database ${pair.target.name} to ${role};
     grant usage on schema public to ${role}; grant select, insert, update on t to ${role}`,
  );
  const writer = { ...pair.target, connection: { ...pair.target.connection, user: role, password: new Secret('pw') } };

  const error = await refusal({ ...pair, target: writer });
  const job = await start({ ...pair, target: writer }, { delete_mode: 'keep' });
  await pair.target.client.query(`drop owned by ${role}; drop role ${role}`);

  expect(error.problems.map((p) => [p.code, p.hint])).toEqual([
    ['privilege_missing', `GRANT DELETE ON public.t TO ${role}; -- or delete_mode: "keep", which deletes nothing`],
  ]);
  expect(job.state).toBe('created');
});

test('a cycle of foreign keys over NOT NULL columns is refused unless triggers are suppressed', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) {
    await db.client.query(`create table a (id int primary key, b int not null); create table b (id int primary key, a int not null references a);
      alter table a add foreign key (b) references b`);
  }

  expect(await refusal(pair)).toMatchObject({
    code: 'fk_cycle',
    problems: [{ message: expect.stringContaining('public.a -> public.b -> public.a') }],
  });
  expect(await start(pair, { triggers: 'suppress' })).toMatchObject({ state: 'created' });
});

test('a second job on the same target table is refused and names the first', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const p = ports();
  const first = await start(pair, {}, p);
  const leases = async () => (await pair.target.client.query('select job_id from tf_sync.lease')).rows;

  const error = await start(pair, {}, p).catch((e: SyncError) => e);

  expect(error).toMatchObject({ code: 'target_busy', facts: { job_id: first.job_id } });
  expect(await leases()).toEqual([{ job_id: first.job_id }]);
  expect((await pair.target.client.query('select count(*) from tf_sync.job')).rows[0].count).toBe('1');
});

test('of ten starts at once one wins', async () => {
  await using pair = await createPair({});
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const p = ports();

  const results = await Promise.allSettled(Array.from({ length: 10 }, () => start(pair, {}, p)));

  expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  const codes = results.flatMap((r) => (r.status === 'rejected' ? [r.reason.code] : []));
  expect(new Set(codes)).toEqual(new Set(['target_busy']));
});

test('the lease of a job that has ended, or that never came to be, is taken over', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const p = ports();
  const first = await start(pair, {}, p);
  await p.jobs.transition(first.job_id, { from: ['created'], epoch: 1 }, { state: 'failed' });

  const second = await start(pair, {}, p);
  await pair.target.client.query(`update tf_sync.lease set taken_at = now() - interval '1 hour'`);
  const third = await start(pair, {}, ports());

  expect(new Set([first.job_id, second.job_id, third.job_id]).size).toBe(3);
});
