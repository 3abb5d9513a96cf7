import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { type Failpoint, onFailpoint } from '../../lib/failpoint.ts';
import type { Job } from '../../lib/model/job.ts';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { untilRow } from '../support/faults.ts';
import { KILLED, type Ports, ports, run, runJob, start } from '../support/in-process.ts';
import { few } from '../support/level.ts';

// A job that writes to two databases dies at every step between them, is stopped there, or is taken for dead: whatever happens,
// each row is written once on each side, and the outcome is that of a job that nobody disturbed.

afterEach(() => onFailpoint(undefined));

const TABLE = 'create table t (id int primary key, name text, qty int, phone text)';
/** Counts every row that the service writes: a row that is written twice shows. */
const COUNTER = `create table writes (id int, how text); create function count_write() returns trigger language plpgsql as
  'begin insert into public.writes values (coalesce(new.id, old.id), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function count_write()`;

const config = {
  direction: 'bidirectional' as const,
  batch_size: 12,
  max_delete_percent: 100,
  tables: { include: ['public.t'] },
  conflict_strategy: 'field_level',
  conflict_rules: {
    'public.t': { fields: { qty: 'sum' as const, phone: 'target' as const, '*': 'source' as const } },
  },
};

async function edited(): Promise<TestPair> {
  const pair = await createPair();
  const sides = [pair.source, pair.target];
  for (const db of sides) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'n' || i, 10, 'p' from generate_series(1, 40) i`);
  await runJob(pair, config);
  const both = async (source: string, target: string) => {
    await pair.source.client.query(source);
    await pair.target.client.query(target);
  };
  const of = (n: number) => `where id % 10 = ${n}`;
  await both(`update t set qty = qty + 1 ${of(1)}`, `update t set qty = qty + 5 ${of(1)}`); // summed
  await both(`update t set name = 's' ${of(2)}`, `update t set phone = 't' ${of(2)}`); // merged
  await both(`update t set phone = 's' ${of(3)}`, `update t set phone = 't' ${of(3)}`); // the target's stands
  await both(`delete from t ${of(5)}`, 'select');
  await both('select', `delete from t ${of(6)}`);
  await both(`update t set name = 's' ${of(7)}`, 'select');
  await both('select', `update t set name = 't' ${of(8)}`);
  await both(
    `insert into t select i, 's', 1, 's' from generate_series(101, 104) i`,
    `insert into t select i, 't', 2, 't' from generate_series(111, 114) i`,
  );
  for (const db of sides) await db.client.query(COUNTER);
  return pair;
}

const one = async (db: TestDatabase, text: string) => (await db.client.query(text)).rows[0]?.x;

const stateOf = async (pair: TestPair) => ({
  source: await one(pair.source, `select string_agg(t::text, E'\\n' order by id) as x from t`),
  target: await one(pair.target, `select string_agg(t::text, E'\\n' order by id) as x from t`),
  writes: [
    await one(pair.source, `select string_agg(how || id, ' ' order by id, how) as x from writes`),
    await one(pair.target, `select string_agg(how || id, ' ' order by id, how) as x from writes`),
  ],
  bases: await one(
    pair.target,
    `select md5(string_agg(k || ' ' || s::text || coalesce(t::text, '') || coalesce(image::text, ''), ',' order by k)) as x from tf_sync.base_row`,
  ),
  intents: await one(pair.target, 'select count(*) as x from tf_sync.intent'),
});

async function outcome(pair: TestPair) {
  const { job, counts } = await runJob(pair, config, { redeliver: true });
  return { failure: job.failure, state: job.state, counts, ...(await stateOf(pair)) };
}

/** Calls `at` with the number of each moment between the decision of rows for the source and their settlement, from 1. */
function between(at: (n: number, name: Failpoint) => Promise<void> | undefined): void {
  let n = 0;
  let inside = false;
  onFailpoint((name) => {
    if (name === 'back.ready') inside = true;
    if (!inside) return undefined;
    if (name === 'back.settled') inside = false;
    return at(++n, name);
  });
}

const WANTED = {
  source_updated: 8, // four edits of the target, four whose phone the target decides
  source_deleted: 4,
  source_inserted: 4,
  updated: 12,
  deleted: 4,
  inserted: 4,
};

test('a worker that dies at any moment between the two databases leaves every row written once', {
  timeout: 300_000,
}, async () => {
  await using undisturbed = await edited();
  const moments: Failpoint[] = [];
  between((_n, name) => {
    moments.push(name);
    return undefined;
  });
  const wanted = await outcome(undisturbed);
  onFailpoint(undefined);
  expect(wanted.failure).toBeUndefined();
  expect(wanted).toMatchObject({ state: 'completed', counts: WANTED, intents: '0' });
  expect(wanted.source).toEqual(wanted.target);
  expect(wanted.source).toContain('(1,n1,16,p)');
  expect(moments).toEqual(
    expect.arrayContaining([
      'back.ready',
      'back.fence',
      'rows.half',
      'back.rows',
      'commit.sent',
      'back.written',
      'back.settled',
    ]),
  );

  const first = moments.flatMap((name, i) => (moments.indexOf(name) === i ? [i + 1] : []));
  const every = moments.map((_, i) => i + 1);
  for (const at of new Set([...first, ...few(every, Math.ceil(moments.length / 5))])) {
    await using pair = await edited();
    let name = '';
    between((n, here) => {
      if (n !== at) return undefined;
      name = here;
      return Promise.reject(new Error(KILLED));
    });
    expect(await outcome(pair), `died at moment ${at} of ${moments.length}: ${name}`).toEqual(wanted);
    expect(name).not.toBe('');
  }
});

test.each(['back.ready', 'back.rows', 'back.written', 'back.settled'] as const)(
  'a job that dies for good at %s is finished by a resume, or by the next job, without writing a row twice',
  { timeout: 120_000 },
  async (where) => {
    await using undisturbed = await edited();
    const { source, target, writes, bases } = await outcome(undisturbed);
    for (const way of ['resume', 'next'] as const) {
      await using pair = await edited();
      const p = ports();
      onFailpoint((name) => (name === where ? Promise.reject(new Error(KILLED)) : undefined));
      await expect(runJob(pair, config, {}, p)).rejects.toThrow(KILLED);
      onFailpoint(undefined);
      const [dead] = (await p.jobs.list({ limit: 1 })).jobs as [Job];
      expect(dead.state).toBe('failed');

      const ended =
        way === 'next'
          ? (await runJob(pair, config, {}, p)).job
          : await run(await resumeJob({ jobId: dead.job_id, actor: 'ada' }, p), p);

      expect(ended.failure, way).toBeUndefined();
      expect(ended.state, way).toBe('completed');
      expect(await stateOf(pair), way).toMatchObject({ source, target, writes, bases });
    }
  },
);

const worker = (p: Ports) => ({ ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });

async function prepared(pair: TestPair, p: Ports) {
  const job = await start(pair, config, p);
  await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
  const message: SegmentMessage = {
    ...{ v: 1, job_id: job.job_id, epoch: 1, table: 0, pass: 'apply', segment: 0, task_token: 'none' },
  };
  return { job, message };
}

/** Whether somebody waits for a lock in the source. */
const waits = ({ source }: TestPair) =>
  source.client.query(
    'select from pg_locks l join pg_stat_activity a on a.pid = l.pid where a.datname = $1 and not l.granted',
    [source.name],
  );

/** Holds the first worker that comes by `where`. */
function held(where: Failpoint) {
  const there = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let met = 0;
  onFailpoint((name) => {
    if (name !== where || ++met > 1) return undefined;
    there.resolve();
    return release.promise;
  });
  return { there: there.promise, release: release.resolve };
}

test.each(['back.ready', 'back.rows', 'back.written'] as const)(
  'a worker that sleeps at %s while another does its work writes nothing when it wakes',
  { timeout: 60_000 },
  async (where) => {
    await using undisturbed = await edited();
    const wanted = await outcome(undisturbed);
    await using pair = await edited();
    const p = ports();
    const { job, message } = await prepared(pair, p);
    const { there, release } = held(where);
    const sleeper = runSegment(message, worker(p)).then(
      (how) => how,
      (error: Error) => error.message,
    );
    await there;
    const other = runSegment(message, worker(p));
    if (where === 'back.rows') await untilRow(() => waits(pair), 'the other to wait for the transaction');
    else await other;
    release();
    expect(await other).toBe('finished');
    expect(await sleeper).toBe('overtaken');

    onFailpoint(undefined);
    await stopJob({ jobId: job.job_id, actor: 'ada' }, p); // the test runs no further steps of the first run
    expect((await run(await resumeJob({ jobId: job.job_id, actor: 'ada' }, p), p)).state).toBe('completed');
    expect(await stateOf(pair)).toMatchObject({ source: wanted.source, target: wanted.target, writes: wanted.writes });
  },
);

test.each(['back.ready', 'back.fence', 'back.rows', 'back.written'] as const)(
  'once a job that is stopped at %s is stopped, nothing is written on either side, until it is resumed',
  { timeout: 60_000 },
  async (where) => {
    await using undisturbed = await edited();
    const wanted = await outcome(undisturbed);
    await using pair = await edited();
    const p = ports();
    const { job, message } = await prepared(pair, p);
    const { there, release } = held(where);
    const caught = runSegment(message, worker(p)).catch(() => 'broken');
    await there;
    const stopped = await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
    expect(stopped.state).toBe('stopped');
    const before = await stateOf(pair);
    const epochs = await one(
      pair.source,
      `select epoch::text as x from tf_sync.job j where j.job_id = '${job.job_id}'`,
    );
    release();
    expect(await caught).not.toBe('finished');
    expect(await stateOf(pair)).toEqual(before);
    expect(epochs).toBe('2');
    expect(await one(pair.source, 'select count(*) as x from tf_sync.lease')).toBe('0');

    onFailpoint(undefined);
    const ended = await run(await resumeJob({ jobId: job.job_id, actor: 'ada' }, p), p);
    expect(ended.state).toBe('completed');
    const { source, target, writes, bases } = wanted;
    expect(await stateOf(pair)).toMatchObject({ source, target, writes, bases });
  },
);

test('a source that does not answer keeps the stop from being told', async () => {
  await using pair = await edited();
  const p = ports();
  const { job } = await prepared(pair, p);
  const { databases } = p;
  const away = { ...p, databases: { ...databases, source: () => Promise.reject(new Error('nobody there')) } };
  const stopping = await stopJob({ jobId: job.job_id, actor: 'ada' }, away);
  expect(stopping.state).toBe('stopping');
  expect((await stopJob({ jobId: job.job_id, actor: 'ada' }, p)).state).toBe('stopped');
});

test('a row that moves on a side between decision and write is decided again, and no edit is lost', async () => {
  await using pair = await edited();
  let met = 0;
  onFailpoint(async (name) => {
    if (name !== 'back.ready' || ++met > 1) return;
    await pair.source.client.query(`update t set qty = 77 where id = 8; update t set name = 'late' where id = 18`);
    await pair.target.client.query(`update t set phone = 'late' where id in (28, 38)`);
  });
  const { job, counts } = await runJob(pair, config);
  onFailpoint(undefined);
  expect(job.failure).toBeUndefined();
  const rows = (await stateOf(pair)).source;
  expect(rows).toBe((await stateOf(pair)).target);
  expect(rows).toContain('(8,t,77,p)'); // disjoint: merged
  expect(rows).toContain('(18,late,10,p)'); // both changed the name: the source's, by rule
  expect(rows).toContain('(28,t,10,late)');
  expect(counts.read).toBe(Object.entries(counts).reduce((n, [name, count]) => n + (name === 'read' ? 0 : count), 0));
});

test('a row that the source got before its worker died was written by us, whatever the target makes of it since', async () => {
  await using pair = await edited();
  const manual = { ...config, conflict_strategy: 'manual', conflict_rules: {} };
  await runJob(pair, manual); // rows that both sides changed wait from now on
  await pair.target.client.query(`update t set name = 'mine' where id = 9`);
  const p = ports();
  let met = 0;
  onFailpoint(async (name) => {
    if (name !== 'back.written' || ++met > 1) return;
    await pair.target.client.query(`update t set name = 'mine again' where id = 9`);
    throw new Error(KILLED);
  });
  const { job } = await runJob(pair, manual, { redeliver: true }, p);
  expect(job.failure).toBeUndefined();
  const queued = `select count(*) as x from tf_sync.conflict where state = 'open' and key = '{9}'`;
  expect(await one(pair.target, queued)).toBe('0');
  expect((await stateOf(pair)).source).toContain('(9,"mine again",10,p)');
});
