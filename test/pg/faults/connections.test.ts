import { expect, test, vi } from 'vitest';
import { connect, createPair, type TestPair } from '../../support/databases.ts';
import { databaseAt, ownServer } from '../../support/elsewhere.ts';
import { differences, onCommits, portsWith } from '../../support/faults.ts';
import { runJob } from '../../support/in-process.ts';
import { proxyTo } from '../../support/proxy.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

const ROWS = 1500;

/** Rows to insert, to update and to leave; a counter in the target shows each write. */
async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, ${ROWS}) i`);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, ${ROWS}, 3) i;
    create schema counting; create table counting.writes (id int);
    create function counting.count() returns trigger language plpgsql as 'begin insert into counting.writes values (new.id); return null; end';
    create trigger counting after insert or update on t for each row execute function counting.count()`);
}

/** The databases are equal, and each row was written once. */
async function expectOnce(pair: TestPair) {
  const { rows } = await pair.target.client.query('select count(*), count(distinct id) as ids from counting.writes');
  expect(rows).toEqual([{ count: String(ROWS), ids: String(ROWS) }]);
  await pair.target.client.query('drop schema counting cascade');
  expect(await differences(pair)).toEqual({});
}

test('E1: backends that are killed in and between chunks cost time, not rows', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const killer = await connect('postgres');
  let killed = 0;
  const kill = async () => {
    const { rows } = await killer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name like 'terrafusion-sync/%' and datname = any($1)`,
      [[pair.source.name, pair.target.name]],
    );
    killed += rows.length;
  };
  const killing = onCommits(async (n, commit) => {
    if (n === 4 || n === 20) await kill(); // nothing of the chunk is there
    if (n === 9)
      await Promise.all([commit(), kill()]); // somewhere in it
    else await commit();
    if (n === 14 || n === 30) await kill(); // all of it is
  });

  const { job } = await runJob(pair, { batch_size: 20 }, {}, portsWith({}, killing));
  await killer.end();

  expect(killed).toBeGreaterThanOrEqual(8);
  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  await expectOnce(pair);
});

test('E9: with too few connections the tables of a job take turns', async () => {
  await using own = await ownServer({ max_connections: '12' });
  const admin = await databaseAt(own.server.url('postgres'));
  await admin.client.query('create database one');
  await admin.client.query('create database two');
  const [source, target] = [await databaseAt(own.server.url('one')), await databaseAt(own.server.url('two'))];
  const tables = Array.from({ length: 10 }, (_, i) => `t${i}`);
  for (const db of [source, target])
    for (const t of tables) await db.client.query(`create table ${t} (id int primary key)`);
  for (const t of tables) await source.client.query(`insert into ${t} select generate_series(1, 300)`);
  await admin.client.end();
  const pair = { source, target, [Symbol.asyncDispose]: async () => undefined };

  const { job, counts } = await runJob(pair, { max_parallel_tables: 10, batch_size: 50 });
  const left = await differences(pair);
  await Promise.all([source.client.end(), target.client.end()]);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts.inserted).toBe(3000);
  expect(left).toEqual({});
});

test('E32: a target that answers drop by drop is slow, and right', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await using proxy = await proxyTo(pair.target);
  proxy.set('drip');

  const { job } = await runJob({ ...pair, target: proxy.database });

  expect(job.state).toBe('completed');
  expect(proxy.received()).toBeGreaterThan(10_000);
  await expectOnce(pair);
});

test.each(['source', 'target'] as const)('E32: a connection to the %s that is cut mid-job heals', async (side) => {
  await using pair = await createPair();
  await setUp(pair);
  await using proxy = await proxyTo(pair[side]);
  const cutting = onCommits(async (n, commit) => {
    await commit();
    if (n !== 3 && n !== 9) return;
    proxy.set('cut');
    proxy.set('pass');
  });

  const { job } = await runJob({ ...pair, [side]: proxy.database }, { batch_size: 50 }, {}, portsWith({}, cutting));

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  await expectOnce(pair);
});

test('E32: a network that swallows everything is noticed by the clock, and the job goes on when it is back', async () => {
  await using pair = await createPair();
  await setUp(pair);
  await using proxy = await proxyTo(pair.target);
  const took: number[] = [];
  const swallowing = onCommits(async (n, commit) => {
    if (n !== 3) return commit();
    proxy.set('blackhole');
    const began = Date.now();
    await commit().finally(() => {
      took.push(Date.now() - began);
      proxy.set('pass');
    });
  });
  const p = portsWith({ chunkTimeoutMs: 200, answerGraceMs: 100 }, swallowing);

  const { job } = await runJob({ ...pair, target: proxy.database }, { batch_size: 50 }, {}, p);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(took[0]).toBeLessThan(5_000);
  await expectOnce(pair);
});
