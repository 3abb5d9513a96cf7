import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { Job, Pass } from '../../lib/model/job.ts';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { planTable } from '../../lib/orchestrator/table-steps.ts';
import { MIGRATIONS, type Migration } from '../../lib/postgres/migrations.ts';
import { ensureControlSchema } from '../../lib/postgres/schema-version.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { catalogOf } from '../support/catalog.ts';
import { createDatabase, createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { type Ports, ports, run, runJob, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

/** What earlier versions made, as their own code says; see the first line of each. */
const made = (name: string) => readFileSync(new URL(`../fixtures/control-schema/${name}.sql`, import.meta.url), 'utf8');

const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;
/** A step that older code cannot work after; it gives a column that this code writes another name. */
const BREAKING: Migration = {
  version: (Math.floor(NEWEST / 1000) + 1) * 1000,
  what: 'test',
  sql: 'alter table tf_sync.lease rename taken_at to since',
};

async function ensure(db: TestDatabase, how: Parameters<typeof ensureControlSchema>[1] = { starts: true }) {
  const session = await openSession(db.connection, {
    side: 'target',
    applicationName: 'terrafusion-sync/7.7.7 test',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 10_000,
  });
  try {
    await session.transaction(() => ensureControlSchema(session, how));
  } finally {
    await session.end();
  }
}

const versions = async (client: pg.Client) => {
  const { rows } = await client.query(
    'select version::int, what, service from tf_sync.schema_version order by version::int',
  );
  return rows.map((r) => ({ ...r, version: Number(r.version) }));
};
const newest = async (client: pg.Client) => {
  const { rows } = await client.query('select max(version) as v from tf_sync.schema_version');
  return Number(rows[0].v);
};

async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 300) i`);
}

const worker = (p: Ports) => ({ ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });
const message = (job: Job): SegmentMessage => ({
  v: 1,
  job_id: job.job_id,
  epoch: job.epoch,
  table: 0,
  pass: 'apply',
  segment: 0,
  task_token: 'none',
});
const inputOf = ({ job_id, epoch }: Job) => ({ job_id, epoch });
/** The tables as newer code leaves them behind that no longer works with this one's. */
const makeNewer = (client: pg.Client) =>
  client.query('insert into tf_sync.schema_version (version) values ($1)', [BREAKING.version]);
const none = async () => undefined;
const state = async (client: pg.Client) =>
  (await client.query('select epoch, owner, seq, counts from tf_sync.checkpoint order by stream')).rows;

describe('migrations', () => {
  test.each(['v1', 'v2', 'v3-early', 'v3'])('tables of %s become those of a fresh install', async (name) => {
    await using old = await createDatabase();
    await using fresh = await createDatabase();
    await old.client.query(made(name));
    await ensure(old);
    await ensure(fresh);
    expect(await catalogOf(old.client, 'tf_sync')).toEqual(await catalogOf(fresh.client, 'tf_sync'));
    const [first, ...rest] = await versions(old.client);
    expect(first).toEqual({ version: Number(name[1]), what: null, service: null });
    expect(rest).toEqual(MIGRATIONS.map(({ version, what }) => ({ version, what, service: '7.7.7' })));
    expect(await versions(fresh.client)).toEqual([{ version: NEWEST, what: expect.any(String), service: '7.7.7' }]);
  });

  test('are numbered in order, and say what they do', () => {
    const numbers = MIGRATIONS.map((m) => m.version);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(MIGRATIONS.every((m) => m.what.length > 10)).toBe(true);
  });

  test('are applied once, by whichever of several starts comes first', async () => {
    await using db = await createDatabase();
    await db.client.query(made('v3'));
    const counting: readonly Migration[] = [
      ...MIGRATIONS,
      { version: NEWEST + 1, what: 'counts', sql: 'insert into public.applied default values' },
    ];
    await db.client.query('create table applied (at timestamptz default now())');
    await Promise.all(Array.from({ length: 6 }, () => ensure(db, { starts: true, migrations: counting })));
    expect((await db.client.query('select count(*) as n from applied')).rows).toEqual([{ n: '1' }]);
    expect(await newest(db.client)).toBe(NEWEST + 1);
  });

  test('leave nothing behind when one of them fails', async () => {
    await using db = await createDatabase();
    await db.client.query(made('v2'));
    const before = await catalogOf(db.client, 'tf_sync');
    const broken = [...MIGRATIONS, { version: NEWEST + 1, what: 'broken', sql: 'select 1 / 0' }];
    await expect(ensure(db, { starts: true, migrations: broken })).rejects.toThrow();
    expect(await catalogOf(db.client, 'tf_sync')).toEqual(before);
    expect(await newest(db.client)).toBe(2);
  });

  test('one that older code cannot work after waits until no job holds a table, and is applied by a start alone', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const job = await start(pair);
    const { client } = pair.target;
    const before = await catalogOf(client, 'tf_sync');
    const migrations = [...MIGRATIONS, BREAKING];
    await expect(ensure(pair.target, { starts: true, migrations })).rejects.toMatchObject({
      code: 'target_busy',
      facts: { job_id: job.job_id },
    });
    await ensure(pair.target, { migrations }); // work on a job goes on in the tables that there are
    expect(await catalogOf(client, 'tf_sync')).toEqual(before);
    await client.query('delete from tf_sync.lease');
    await ensure(pair.target, { migrations });
    expect(await catalogOf(client, 'tf_sync')).toEqual(before);
    await ensure(pair.target, { starts: true, migrations });
    expect(await newest(client)).toBe(BREAKING.version);
    await expect(ensure(pair.target)).rejects.toMatchObject({ code: 'schema_newer' });
  });
});

describe('code and tables of different versions', () => {
  test('a worker of older code leaves a segment as it is, and newer code does it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const meddle = async () => {
      await pair.target.client.query("update tf_sync.checkpoint set owner = 'newer'");
      const before = await state(pair.target.client);
      await makeNewer(pair.target.client);
      await expect(runSegment(message(job), worker(p))).rejects.toMatchObject({
        code: 'schema_newer',
        facts: { found: BREAKING.version, known: NEWEST },
      });
      expect(await state(pair.target.client)).toEqual(before);
      expect((await pair.target.client.query('select count(*) as n from t')).rows).toEqual([{ n: '0' }]);
      await pair.target.client.query('delete from tf_sync.schema_version where version = $1', [BREAKING.version]);
    };
    expect((await run(job, p, { before: (pass) => (pass === 'apply' ? meddle() : none()) })).state).toBe('completed');
  });

  test('every step of a job refuses newer tables, and so does a start', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    await makeNewer(pair.target.client);
    const refused = { code: 'schema_newer' };
    await expect(prepareJob(inputOf(job), p)).rejects.toMatchObject(refused);
    await pair.target.client.query('delete from tf_sync.schema_version where version = $1', [BREAKING.version]);
    await prepareJob(inputOf(job), p);
    await makeNewer(pair.target.client);
    await expect(planTable({ ...inputOf(job), table: 0, pass: 'apply' }, p)).rejects.toMatchObject(refused);
    await expect(start(pair, {}, ports())).rejects.toMatchObject(refused);
  });

  test('a job that meets newer tables pauses, and goes on by itself', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    await makeNewer(pair.target.client);
    const paused = await run(job, p);
    expect(paused).toMatchObject({ state: 'paused', pause: { code: 'schema_newer', probe_at: expect.any(String) } });
  });

  test('newer code meets older tables in the middle of a job: whichever step comes first migrates them', async () => {
    for (const step of ['prepare', 'apply', 'verify', 'segment'] as const) {
      await using pair = await createPair();
      await setUp(pair);
      await pair.target.client.query(made('v3'));
      const p = ports();
      const job = await start(pair, {}, p);
      const older = async () => {
        await pair.target.client.query('alter table tf_sync.schema_version drop column service, drop column what');
        await pair.target.client.query('delete from tf_sync.schema_version where version > 3');
        expect(await newest(pair.target.client)).toBe(3);
      };
      if (step === 'prepare') await older();
      const before = async (pass: Pass) => {
        if (pass === step) await older();
        if (pass !== 'apply' || step !== 'segment') return;
        await older();
        await runSegment(message(job), worker(p));
        expect(await newest(pair.target.client)).toBe(NEWEST);
      };
      expect((await run(job, p, { before })).state).toBe('completed');
      expect(await newest(pair.target.client)).toBe(NEWEST);
    }
  });

  test('a source that is written to is migrated and refused alike', async () => {
    await using pair = await createPair();
    await setUp(pair);
    for (const db of [pair.source, pair.target]) await db.client.query(made('v3'));
    const both = { direction: 'bidirectional', conflict_strategy: 'manual' } as const;
    const { job } = await runJob(pair, both);
    expect(job.state).toBe('completed');
    for (const db of [pair.source, pair.target]) expect(await newest(db.client)).toBe(NEWEST);
    const p = ports();
    const next = await start(pair, both, p);
    await makeNewer(pair.source.client);
    await expect(prepareJob(inputOf(next), p)).rejects.toMatchObject({ code: 'schema_newer' });
    await pair.source.client.query('delete from tf_sync.schema_version where version = $1', [BREAKING.version]);
    await prepareJob(inputOf(next), p);
    await makeNewer(pair.source.client);
    await pair.target.client.query("insert into t values (1000, 'of the target')");
    await expect(runSegment(message(next), worker(p))).rejects.toMatchObject({ code: 'schema_newer' });
    expect((await pair.source.client.query('select count(*) as n from t')).rows).toEqual([{ n: '300' }]);
  });
});
