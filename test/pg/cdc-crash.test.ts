import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Failpoint, onFailpoint } from '../../lib/failpoint.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { Job, JobMode } from '../../lib/model/job.ts';
import { followLog } from '../../lib/orchestrator/follow-changes.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { KILLED, type Ports, ports, run, runJob, start } from '../support/in-process.ts';
import { meddled } from '../support/meddle.ts';

// Between the source's log and the target's rows there are a slot, the target's log of changes, and the checkpoints. Whoever
// dies between any two of them, no change is passed over and none is applied twice.

afterEach(() => onFailpoint(undefined));

const CDC = { detection_strategy: 'cdc', tables: { include: ['public.*'] } };

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const count = async (pair: TestPair, table: string) =>
  Number((await pair.target.client.query(`select count(*) from ${table}`)).rows[0].count);

const TABLE = 'create table t (id int primary key, n int not null default 0)';
/** In a schema that takes no part: every row that the service writes to the target. */
const WRITES = 'create schema other; create table other.writes (id int, how text)';
const COUNTER = `create function other.count_write() returns trigger language plpgsql as
  'begin insert into other.writes values (coalesce(new.id, old.id), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function other.count_write()`;

/** The steps of a job before anything is compared. */
async function begun({ job_id, epoch }: Job, p: Ports): Promise<void> {
  await prepareJob({ job_id, epoch }, p);
  await followLog({ job_id, epoch }, p);
}

/** A job one of whose steps dies once, when it meets a failpoint, and is tried again as the state machine does. */
async function killedIn(pair: TestPair, mode: JobMode, point: Failpoint) {
  let met = 0;
  onFailpoint((name) => {
    if (name === point && ++met === 1) throw new SyncError('unavailable', KILLED);
    return undefined;
  });
  const { job, ports: p } = await runJob(pair, CDC, {}, ports(), mode);
  onFailpoint(undefined);
  return { met, ended: job, table: (await p.jobs.tables(job.job_id))[0] };
}

test.each<[JobMode, Failpoint]>([
  ['full', 'changes.published'],
  ['full', 'changes.slot'],
  ['full', 'changes.advanced'],
  ['full', 'changes.planned'],
  ['incremental', 'changes.put'],
  ['incremental', 'changes.kept'],
  ['incremental', 'changes.advanced'],
  ['incremental', 'changes.planned'],
])('a %s job that dies at %s passes nothing over and writes nothing twice', async (mode, point) => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(`${TABLE}; ${WRITES}`);
  await pair.target.client.query(COUNTER);
  await pair.source.client.query('insert into t select i from generate_series(1, 20) i');
  if (mode === 'incremental') await runJob(pair, CDC);
  await pair.target.client.query('truncate other.writes');
  await pair.source.client.query(
    `update t set n = n + 1 where id <= 5; delete from t where id = 6; insert into t values (21)`,
  );

  const { met, ended, table } = await killedIn(pair, mode, point);
  await pair.source.client.query(`update t set n = n + 1 where id = 7`);
  const next = await runJob(pair, CDC, {}, ports(), 'incremental');

  expect(met).toBe(point === 'changes.planned' ? 1 : 2); // stored plans are not made again
  expect(ended.state).toBe('completed');
  expect(table?.whole).toBeUndefined(); // the slot is where the target believes
  expect(next.counts).toMatchObject({ read: 1, updated: 1 });
  expect(await count(pair, 'other.writes')).toBe(mode === 'full' ? 21 : 8); // 20 rows, or 7 changes, and one
  await pair.target.client.query('truncate other.writes');
  expect(await different(pair)).toEqual({});
});

test('a job that is stopped, overtaken by another and resumed loses nothing', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query('insert into t select i from generate_series(1, 20) i');
  await runJob(pair, CDC);
  await pair.source.client.query('update t set n = 1 where id <= 5');
  const p = ports();
  const first = await start(pair, CDC, p, 'incremental');
  await begun(first, p);
  await stopJob({ jobId: first.job_id, actor: 'tester' }, p);
  await pair.source.client.query('update t set n = 2 where id between 3 and 8');

  const second = await runJob(pair, CDC, {}, ports(), 'incremental');
  await pair.source.client.query('update t set n = 3 where id = 10');
  const resumed = await run(await resumeJob({ jobId: first.job_id, actor: 'tester' }, p), p);
  const third = await runJob(pair, CDC, {}, ports(), 'incremental');

  expect(second.counts.updated).toBe(8);
  expect(resumed.state).toBe('completed');
  expect(third.counts).toMatchObject({ read: 1, updated: 1 });
  expect(await different(pair)).toEqual({});
});

/** Numbers in [0, 1) that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const FAMILY = `create table parent (id int primary key, n int not null default 0);
  create table child (id int primary key, parent int not null references parent, n int not null default 0, big text)`;

/** A transaction of random statements; those that break a reference roll back as a whole. */
function transaction(next: () => number): string {
  const id = () => 1 + Math.floor(next() * 60);
  const one = () => {
    const at = next();
    if (at < 0.15) return `insert into parent values (${id()}) on conflict (id) do update set n = parent.n + 1`;
    if (at < 0.45)
      return `insert into child values (${id()}, ${id()}, 0, repeat('x', ${at < 0.3 ? 20000 : 3})) on conflict (id) do update set n = child.n + 1`;
    if (at < 0.65) return `update child set n = n + 1 where id = ${id()}`;
    if (at < 0.75)
      return `update child set id = id + 60 where id = ${id()} and not exists (select from child c where c.id = child.id + 60)`;
    if (at < 0.9) return `delete from child where id = ${id()}`;
    return `delete from parent where id = ${id()}`;
  };
  return Array.from({ length: 1 + Math.floor(next() * 5) }, one).join('; ');
}

test.each([1, 2])(
  'writers go on during the hand-over and every job, workers die: once all is quiet both sides are equal (seed %i)',
  { timeout: 120_000 },
  async (seed) => {
    await using pair = await createPair();
    for (const db of [pair.source, pair.target]) await db.client.query(FAMILY);
    await pair.source.client.query(
      `insert into parent select i from generate_series(1, 60) i; insert into child select i, i, 0, 'x' from generate_series(1, 60) i`,
    );
    const next = random(seed);
    let writing = true;
    let wrote = 0;
    const writer = async () => {
      const client = await connect(pair.source.name);
      while (writing) {
        await client.query(`begin; ${transaction(next)}; commit`).then(
          () => void wrote++,
          () => client.query('rollback'),
        );
        await pause(20);
      }
      await client.end();
    };
    const writers = [writer(), writer()];
    const onCommit = async (_: number, commit: () => Promise<void>) => {
      if (next() < 0.1) throw new Error(KILLED);
      await commit();
      if (next() < 0.1) throw new Error(KILLED);
    };
    const config = { ...CDC, batch_size: 7, max_delete_percent: 100, max_parallel_operations: 3 };
    const job = async (mode: JobMode) => {
      const p = { ...ports(), databases: meddled({ onCommit }) };
      return runJob(pair, config, { redeliver: true }, p, mode);
    };
    const jobs = [await job('full')];
    for (let n = 0; n < 2; n++) jobs.push(await job('incremental'));
    writing = false;
    await Promise.all(writers);
    await runJob(pair, config, {}, ports(), 'incremental');
    const last = await runJob(pair, config, {}, ports(), 'incremental');

    expect(wrote).toBeGreaterThan(20);
    expect(jobs.map((j) => j.job.failure)).toEqual(jobs.map(() => undefined));
    expect(last.job.state).toBe('completed');
    expect(await different(pair)).toEqual({});
    expect(await count(pair, 'tf_sync.changed_key')).toBe(0);
  },
);
