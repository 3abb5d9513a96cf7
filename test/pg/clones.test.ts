import { expect, test, vi } from 'vitest';
import type { SyncError } from '../../lib/model/errors.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { createClones } from '../support/elsewhere.ts';
import { ports, run, runJob, start } from '../support/in-process.ts';
import { proxyTo } from '../support/proxy.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

const IDENTITY = `select (select system_identifier from pg_control_system()) as system, oid, current_database() as name
                  from pg_database where datname = current_database()`;

test('a restored copy on another server is another database: same identity, own rows, and a job between them works', async () => {
  await using pair = await createClones((client) =>
    client.query(`create type level as enum ('low', 'high');
      create table t (id int primary key, x text, l level, a int[]);
      insert into t select i, 'v' || i, case when i % 2 = 0 then 'low' else 'high' end::level, array[[i, 1], [2, null]] from generate_series(1, 500) i`),
  );
  const identities = [await pair.source.client.query(IDENTITY), await pair.target.client.query(IDENTITY)];
  expect(identities[0]?.rows).toEqual(identities[1]?.rows); // what a comparison of identities alone would go by

  const quiet = await runJob(pair);
  await pair.source.client.query(`update t set x = 'changed' where id = 7; delete from t where id = 8;
    update t set a = '[0:1][1:2]={{9,1},{2,NULL}}' where id = 9; insert into t values (900, 'new', 'low', null)`);
  const second = await runJob(pair, { delete_mode: 'mirror' });

  expect(quiet.job.state).toBe('completed');
  expect(quiet.counts).toMatchObject({ read: 500, unchanged: 500, inserted: 0, updated: 0 });
  expect(second.job.state).toBe('completed');
  expect(second.counts).toMatchObject({ inserted: 1, updated: 2, deleted: 1, unchanged: 497 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('the lease of a clone says nothing about the original', async () => {
  await using pair = await createClones((client) => client.query('create table t (id int primary key)'));
  const there = { ...pair, source: pair.target, target: pair.source };
  const p = ports();

  const one = await start(pair, {}, p);
  const other = await start(there, {}, p);

  expect(one.job_id).not.toBe(other.job_id);
});

test('a job into a clone and one out of it stop and go on apart', async () => {
  await using pair = await createClones((client) =>
    client.query(
      `create table t (id int primary key, x text); insert into t select i, 'v' || i from generate_series(1, 100) i`,
    ),
  );
  const there = { ...pair, source: pair.target, target: pair.source };
  const p = ports();
  await pair.source.client.query('delete from t where id <= 50'); // the copy has them
  const into = await start(pair, {}, p);
  const out = await start(there, {}, p);

  const stopped = await stopJob({ jobId: into.job_id, actor: 'operator' }, p);
  const outEnded = await run(out, p);
  const intoEnded = await run(await resumeJob({ jobId: into.job_id, actor: 'operator' }, p), p);

  expect(stopped.state).toBe('stopped');
  expect([outEnded.state, intoEnded.state]).toEqual(['completed', 'completed']);
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

const refusedAsSame = async (pair: TestPair) => {
  const p = ports();
  const error = await start(pair, {}, p).catch((e: SyncError) => e);
  expect(error).toMatchObject({ code: 'same_database' });
  expect((await p.jobs.list({ limit: 1 })).jobs).toEqual([]);
};

test.each(['localhost', '127.0.0.1'])('one server under the name %s is the same database', async (host) => {
  await using pair = await createPair();

  await refusedAsSame({ ...pair, target: { ...pair.source, connection: { ...pair.source.connection, host } } });
});

test('one server behind a forwarded port is the same database', async () => {
  await using pair = await createPair();
  await using forwarded = await proxyTo(pair.source);

  await refusedAsSame({ ...pair, target: forwarded.database });
});

test('a standby is no other database than its primary, though no mark of one is seen on the other', async () => {
  await using pair = await createClones((client) => client.query('create table t (id int primary key)'), {
    copyIsStandby: true,
  });

  await refusedAsSame({ ...pair, source: pair.target, target: pair.source });
  await refusedAsSame(pair);
});
