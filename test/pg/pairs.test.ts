import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { Connection } from '../../lib/model/connection.ts';
import type { JobMode } from '../../lib/model/job.ts';
import { Secret } from '../../lib/model/secret.ts';
import { type DropPairRequest, dropPair, type PairPorts } from '../../lib/orchestrator/drop-pair.ts';
import { listSlots } from '../../lib/orchestrator/list-slots.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { pairDatabases } from '../../lib/postgres/pair-databases.ts';
import { startPostgres } from '../../local/postgres.ts';
import { memoryConflictStore } from '../contract/memory.ts';
import { createDatabase, createPair, type TestDatabase } from '../support/databases.ts';
import { type Outcome, type Ports, ports, runJob, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import { eventsOf } from '../support/trail.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;
interface Ends {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

const DATABASES = pairDatabases({ rules: ON_ONE_MACHINE, version: 'test' });

const run = (pair: Ends, mode: JobMode, p: Ports, config: Config = {}): Promise<Outcome> =>
  runJob(pair, { detection_strategy: 'cdc', ...config }, {}, p, mode);

const pairPorts = (p: Ports, conflicts: PairPorts['conflicts'] = memoryConflictStore()): PairPorts => ({
  ...p,
  databases: DATABASES,
  conflicts,
});

const asked = (pair: Partial<Ends>, more: Partial<DropPairRequest> = {}): DropPairRequest => ({
  ...(pair.source && { source: pair.source.connection }),
  ...(pair.target && { target: pair.target.connection }),
  confirm: false,
  actor: 'ada',
  requestId: randomUUID(),
  ...more,
});

/** Looks at a pair, and drops what was seen. */
async function drop(pair: Ends, p: PairPorts) {
  const { pair: name } = await dropPair(asked(pair), p);
  return dropPair(asked(pair, { pair: name, confirm: true }), p);
}

const looks = async ({ ports: p, job }: Outcome) => {
  const events = await eventsOf(p.audit, job.job_id);
  const data = events.find((e) => e.type === 'changes.drained')?.data as {
    tables: { whole?: string; changed_keys?: number }[];
  };
  return data.tables.map((t) => t.whole ?? t.changed_keys);
};

const rows = async (db: TestDatabase, sql: string) => (await db.client.query({ text: sql, rowMode: 'array' })).rows;
const slots = (db: TestDatabase) =>
  rows(db, 'select slot_name from pg_replication_slots where database = current_database()');
const publications = (db: TestDatabase) => rows(db, 'select pubname from pg_publication');

const STAMPED = (name: string) =>
  `create table ${name} (id int primary key, x text, updated_at timestamptz not null default now())`;

test('a pair goes with everything it keeps; another source of the same target, and another target of the same source, stay', async () => {
  await using pair = await createPair();
  await using other = await createDatabase(); // another source
  await using third = await createDatabase(); // another target
  for (const db of [pair.source, pair.target, third]) await db.client.query(STAMPED('t'));
  for (const db of [other, pair.target]) await db.client.query(STAMPED('u'));
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 50) i`);
  await other.client.query(`insert into u select i, 'v' from generate_series(1, 50) i`);
  const p = ports();
  const same = { source: other, target: pair.target };
  const elsewhere = { source: pair.source, target: third };
  const only = (table: string) => ({ tables: { include: [table] } });
  for (const [ends, config] of [
    [pair, only('public.t')],
    [same, only('public.u')],
    [elsewhere, {}],
  ] as const) {
    expect((await run(ends, 'full', p, config)).job.failure).toBeUndefined();
    await run(ends, 'full', p, { ...config, detection_strategy: 'timestamp' });
    await run(ends, 'full', p, { ...config, detection_strategy: 'hash', max_quiet_runs: 3 });
  }
  await pair.source.client.query(`update t set x = 'new' where id < 4; delete from t where id = 9`);
  await other.client.query(`delete from u where id = 7`);

  const look = await dropPair(asked(pair), pairPorts(p));
  const [before] = await rows(pair.target, 'select count(*) from tf_sync.baseline');
  const done = await dropPair(asked(pair, { pair: look.pair, confirm: true }), pairPorts(p));

  expect(look).toMatchObject({
    confirmed: false,
    complete: false,
    source: { state: 'found' },
    target: { state: 'found' },
  });
  expect(look.source.had).toMatchObject({
    slot: { wal_status: 'reserved', active: false },
    publication: { tables: 1 },
  });
  expect(look.target.had).toMatchObject({ tables: 1, watermarks: 1, quiet_tables: 1, jobs: 3, conflicts: 0 });
  expect(look.target.had?.buckets).toBeGreaterThan(0);
  expect(done).toMatchObject({ complete: true, source: { state: 'dropped' }, target: { state: 'dropped' } });
  const left = await rows(
    pair.target,
    `select (select count(*) from tf_sync.pair_table), (select count(*) from tf_sync.watermark), (select count(*) from tf_sync.quiet),
       (select count(*) from tf_sync.change_stream), (select count(*) from tf_sync.job), (select count(distinct pair) from tf_sync.table_shape)`,
  );
  expect(left).toEqual([['1', '1', '1', '1', '3', '1']]);
  const [after] = await rows(pair.target, 'select count(*) from tf_sync.baseline');
  expect(Number(before?.[0]) - Number(after?.[0])).toBe(look.target.had?.buckets);
  expect([await slots(pair.source), await slots(other)].map((s) => s.length)).toEqual([1, 1]); // that of the third, and of the other
  expect((await publications(pair.source)).flat()).not.toContain(look.pair);

  const goesOn = [await run(same, 'incremental', p, only('public.u')), await run(elsewhere, 'incremental', p)];
  const anew = await run(pair, 'incremental', p, only('public.t'));
  expect(await Promise.all(goesOn.map(looks))).toEqual([[1], [4]]);
  expect(goesOn[0]?.counts).toMatchObject({ deleted: 1 }); // the keys that it knew are still known
  expect(await looks(anew)).toEqual(['no_watermark']);
  expect(anew.counts).toMatchObject({ updated: 3, deleted: 0, kept: 1 }); // and what came from the source is not known any more
});

test('it is refused while a job of the pair runs or is paused, and names it; nothing is dropped', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key)');
  const p = ports();
  await run(pair, 'full', p);
  const job = await start(pair, { detection_strategy: 'cdc' }, p, 'incremental');
  const unlisted = { ...p, jobs: { ...p.jobs, listToSweep: async () => [] } }; // the list may be late: the lease is not

  const look = await dropPair(asked(pair), pairPorts(p));
  const refused = await drop(pair, pairPorts(p)).catch((e) => e);
  const byLease = await drop(pair, pairPorts(unlisted)).catch((e) => e);
  const away = { connection: { ...pair.target.connection, port: 1 } } as TestDatabase;
  const half = asked({ source: pair.source, target: away }, { pair: look.pair, confirm: true });
  const byList = await dropPair(half, pairPorts(p)).catch((e) => e);

  expect(look.complete).toBe(false);
  for (const error of [refused, byLease, byList])
    expect([error.code, error.facts]).toEqual(['target_busy', { job_id: job.job_id }]);
  expect(await slots(pair.source)).toHaveLength(1);
  expect(await rows(pair.target, 'select 1 from tf_sync.change_stream')).toHaveLength(1);
  await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
  expect((await drop(pair, pairPorts(p))).complete).toBe(true);
  const resumed = await resumeJob({ jobId: job.job_id, actor: 'ada' }, p).catch((e) => e);
  expect(resumed.code).toBe('resume_expired');
});

test('a side that does not answer is said, the other is dropped, and the same call does the rest; a third time there is nothing', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key)');
  const p = ports();
  await run(pair, 'full', p);
  const { pair: name } = await dropPair(asked(pair), pairPorts(p));
  const away = { connection: { ...pair.target.connection, port: 1 } } as TestDatabase;
  const unknown = await dropPair(asked({ source: pair.source, target: away }), pairPorts(p)).catch((e) => e);
  const alone = await dropPair(asked({ source: pair.source }), pairPorts(p)).catch((e) => e);

  const half = await dropPair(
    asked({ source: pair.source, target: away }, { pair: name, confirm: true }),
    pairPorts(p),
  );
  const told = await eventsOf(p.audit, `pair#${name}`);
  const rest = await drop(pair, pairPorts(p));
  const nothing = await drop(pair, pairPorts(p));

  expect(unknown.problems.map((x: { field: string }) => x.field)).toEqual(['/target_connection', '/pair']);
  expect(alone.problems.map((x: { field: string }) => x.field)).toEqual(['/pair']);
  expect(half).toMatchObject({
    complete: false,
    source: { state: 'dropped' },
    target: { state: 'unreachable', code: 'connection_unreachable' },
  });
  expect(rest).toMatchObject({ complete: true, source: { had: {} }, target: { had: { tables: 1 } } });
  expect(nothing).toMatchObject({ complete: true, target: { had: { tables: 0, jobs: 0 } } });
  expect(told.map((e) => [e.type, e.actor])).toEqual([['pair.dropped', 'ada']]);
  expect(await eventsOf(p.audit, `pair#${name}`)).toHaveLength(2); // of nothing nothing is told
  expect(await slots(pair.source)).toEqual([]);
});

test('another pair than the one that was looked at is not dropped', async () => {
  await using pair = await createPair();
  const name = `tfsync_${'0'.repeat(32)}`;

  const refused = await dropPair(asked(pair, { pair: name, confirm: true }), pairPorts(ports())).catch((e) => e);
  const orphan = `tfsync_${randomUUID().replaceAll('-', '')}`;
  await pair.target.client.query(`select pg_create_logical_replication_slot('${orphan}', 'pgoutput')`);
  const there = asked({ source: pair.source }, { pair: orphan, confirm: true });
  const elsewhere = await dropPair(there, pairPorts(ports())).catch((e) => e);
  const empty = await dropPair(asked(pair), pairPorts(ports()));

  expect([refused.code, elsewhere.code]).toEqual(['pair_mismatch', 'pair_mismatch']);
  expect(await slots(pair.target)).toEqual([[orphan]]);
  expect(empty).toMatchObject({ complete: true, source: { had: {} } });
});

test('open conflicts are closed where people see them, whatever dies in between', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 300) i`);
  const p = { ...ports(), conflicts: memoryConflictStore() };
  const manual = { conflict_strategy: 'manual' } as const;
  await run(pair, 'full', p, manual);
  await pair.source.client.query(`update t set x = 'source'`);
  await pair.target.client.query(`update t set x = 'target'`);
  const { job } = await run(pair, 'full', p, manual);
  expect(await p.conflicts.count({ job_id: job.job_id, state: 'open' })).toBe(300);
  let puts = 0;
  const dies = {
    put: async (page: Parameters<PairPorts['conflicts']['put']>[0]) => {
      puts += 1;
      if (puts === 2) throw new Error('killed');
      await p.conflicts.put(page);
    },
  };

  const look = await dropPair(asked(pair), pairPorts(p));
  const killed = await drop(pair, pairPorts(p, dies)).catch((e: Error) => e.message);
  const between = await p.conflicts.count({ job_id: job.job_id, state: 'open' });
  const done = await drop(pair, pairPorts(p, p.conflicts));

  expect(look.target.had).toMatchObject({ conflicts: 300, open_conflicts: 300, base_rows: 300 });
  expect(killed).toBe('killed');
  expect(between).toBe(50);
  expect(done.complete).toBe(true);
  expect(await p.conflicts.count({ job_id: job.job_id, state: 'open' })).toBe(0);
  expect(await rows(pair.target, 'select 1 from tf_sync.conflict union all select 1 from tf_sync.base_row')).toEqual(
    [],
  );
});

test('a publication that the role does not own stays, with the statement for its owner', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key)');
  const p = ports();
  const name = (await run(pair, 'full', p)).job.changes?.slot ?? '';
  const role = `tf_${randomUUID().slice(0, 8)}`;
  await pair.source.client.query(`create role ${role} login replication password 'x'`);
  try {
    const { connection } = pair.source;
    const weak = { connection: { ...connection, user: role, password: new Secret('x') } } as TestDatabase;
    const left = await dropPair(
      asked({ source: weak, target: pair.target }, { pair: name, confirm: true }),
      pairPorts(p),
    );
    expect(left).toMatchObject({
      complete: false,
      source: { state: 'left', code: 'privilege_missing', hint: `As its owner: DROP PUBLICATION ${name};` },
      target: { state: 'dropped' },
    });
    expect(await slots(pair.source)).toEqual([]);
  } finally {
    await pair.source.client.query(`drop role ${role}`);
  }
});

test('slots of a server are listed with the job that read them last; one that no job knows is named', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key)');
  const p = ports();
  const { job } = await run(pair, 'full', p);
  const orphan = `tfsync_${randomUUID().replaceAll('-', '')}`;
  await pair.source.client.query(`select pg_create_logical_replication_slot('${orphan}', 'pgoutput')`);

  const all = await listSlots(pair.source.connection, { ...p, databases: DATABASES });
  const own = all.filter((s) => s.database === pair.source.name);

  expect(own.map((s) => s.slot).sort()).toEqual([orphan, job.changes?.slot].sort());
  expect(own.find((s) => s.slot === orphan)).toMatchObject({ concerns: ['unknown'], wal_status: 'reserved' });
  expect(own.find((s) => s.slot !== orphan)).toMatchObject({
    concerns: [],
    last_job: { job_id: job.job_id },
    target: { database: pair.target.name },
  });
});

test('a job tells of slots on the server of its source that keep too much, with the command that drops them', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tfsync-orphan-'));
  const settings = { fsync: 'off', wal_level: 'logical', max_slot_wal_keep_size: '64MB', max_replication_slots: '2' };
  const server = await startPostgres({ dataDir, settings });
  const { host, port, user } = server;
  const end = (database: string): { connection: Connection } => ({
    connection: { host, port, user, database, password: new Secret(server.password), sslmode: 'disable' },
  });
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  for (const name of ['here', 'there']) {
    await client.query(`create database ${name}`);
    const own = new pg.Client({ connectionString: server.url(name) });
    await own.connect();
    await own.query('create table t (id int primary key)');
    await own.end();
  }
  const orphan = `tfsync_${'0'.repeat(32)}`;
  await client.query(`select pg_create_logical_replication_slot('${orphan}', 'pgoutput')`);
  for (let i = 0; i < 3; i++) await client.query(`create table junk (); drop table junk; select pg_switch_wal()`);
  const pair = { source: end('here'), target: end('there') };

  const warned = await runJob(pair, { detection_strategy: 'cdc' });
  const third = await start({ source: end('postgres'), target: end('there') }, { detection_strategy: 'cdc' }).catch(
    (e) => e,
  );
  await client.query(`select pg_drop_replication_slot('${orphan}')`);
  const quiet = await runJob(pair, { detection_strategy: 'cdc' }, {}, ports(), 'incremental');
  await client.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });

  expect(warned.job.failure).toBeUndefined();
  expect(warned.job.changes?.warnings).toEqual([
    {
      slot: orphan,
      database: 'postgres',
      concern: 'filling',
      retained_bytes: expect.any(Number),
      own: false,
      remedy: `If its pair is given up: tfsync pairs drop --source postgresql://.../postgres --pair ${orphan}`,
    },
  ]);
  expect(warned.job.changes?.warnings?.[0]?.retained_bytes).toBeGreaterThan(32 * 1024 ** 2);
  expect(third.problems.map((x: { hint: string }) => x.hint).join()).toContain(
    `Of this service are: ${orphan} (database postgres`,
  );
  expect(quiet.job.changes).not.toHaveProperty('warnings');
});
