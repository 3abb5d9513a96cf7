import { expect, test, vi } from 'vitest';
import type { Job, Pass } from '../../lib/model/job.ts';
import type { Figures } from '../../lib/model/metrics.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { sweep } from '../../lib/orchestrator/sweep.ts';
import { createPair } from '../support/databases.ts';
import { type Ports, ports, run, start } from '../support/in-process.ts';
import { eventsOf, faultsOf, trailOf } from '../support/trail.ts';

vi.setConfig({ testTimeout: 120_000 });

const now = async (p: Ports, job: Job) => (await p.jobs.get(job.job_id)) as Job;

test('the sweeper brings the last events of a stopped job and seals its trail; a resume opens it again', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  await pair.source.client.query('insert into t select generate_series(1, 100)');
  const p = ports();
  const job = await start(pair, {}, p);

  await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
  expect(await trailOf(p.audit, job.job_id)).toEqual([]);
  await sweep(p);

  const stopped = await now(p, job);
  const trail = await trailOf(p.audit, job.job_id);
  expect(trail.map((e) => [e.type, e.actor])).toEqual([
    ['job.created', 'tester'],
    ['job.stopped', 'ada'],
  ]);
  expect(stopped.audit_root).toMatchObject({ events: 2, hash: trail[1]?.hash });
  expect(await p.audit.roots(job.job_id)).toEqual([stopped.audit_root]);
  await sweep(p);
  expect(await trailOf(p.audit, job.job_id)).toHaveLength(2);

  const resumed = await resumeJob({ jobId: job.job_id, actor: 'bob', confirmDeletes: 7 }, p);
  expect(resumed.audit_root).toBeUndefined();
  const ended = await run(resumed, p);

  const events = await eventsOf(p.audit, job.job_id);
  expect(ended.state).toBe('completed');
  expect(events.find((e) => e.type === 'job.resumed')).toMatchObject({ actor: 'bob', data: { confirmed_deletes: 7 } });
  expect(ended.audit_root?.events).toBe(events.length);
  expect((await p.audit.roots(job.job_id)).map((r) => r.events)).toEqual([2, events.length]);
  expect(await faultsOf(p.audit, job.job_id)).toEqual([]);
});

test('a drain holds at most 4 MB of the outbox, and one event where it is larger', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  const p = ports();
  const job = await start(pair, {}, p);
  await pair.target.client.query(
    `insert into tf_sync.outbox select $1, 'big', i, jsonb_build_object('type', 'chunk.applied', 'at', '2026-11-23T10:00:00.000Z', 'actor', 'x', 'data', jsonb_build_object('i', i, 'x', repeat('y', 1500000)))
     from generate_series(1, 5) i`,
    [job.job_id],
  );
  const target = await p.databases.target(pair.target.connection, { name: 'test', statementTimeoutMs: 0 });
  try {
    const peeked = await target.peekOutbox(job.job_id, 500);

    expect(peeked.map((e) => [e.stream, e.seq])).toEqual([
      ['big', 1],
      ['big', 2],
    ]);
  } finally {
    await target.close();
  }
  const ended = await run(job, p);
  expect(ended.state).toBe('completed');
  expect((await trailOf(p.audit, job.job_id)).filter((e) => e.id.startsWith('big#'))).toHaveLength(5);
});

test('events that cannot be moved out of the target fail no segment, are counted, and moved at the end', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  await pair.source.client.query('insert into t select generate_series(1, 20)');
  const p = ports();
  const job = await start(pair, {}, p);
  const told: (Figures | undefined)[] = [];
  let away = false;
  const audit = {
    ...p.audit,
    add: (...args: Parameters<typeof p.audit.add>) => (away ? Promise.reject(new Error('away')) : p.audit.add(...args)),
  };
  const log = { ...p.log, warn: (_message: string, _fields?: object, figures?: Figures) => void told.push(figures) };

  const before = async (pass: Pass) => {
    away = pass === 'apply';
  };
  const ended = await run(job, { ...p, audit, log }, { before });

  expect(ended.state).toBe('completed');
  expect(told).toContainEqual({ OutboxNotDrained: 1 });
  expect((await eventsOf(p.audit, job.job_id)).some((e) => e.type === 'chunk.applied')).toBe(true);
  expect(await faultsOf(p.audit, job.job_id)).toEqual([]);
});

test('only one session at a time drains a job; another one goes on without waiting', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  const p = ports();
  const job = await start(pair, {}, p);
  const open = () => p.databases.target(pair.target.connection, { name: 'test', statementTimeoutMs: 0 });
  const [a, b] = [await open(), await open()];
  try {
    const done: string[] = [];
    const first = await a.drainAlone(job.job_id, async () => {
      const second = await b.drainAlone(job.job_id, async () => void done.push('b'));
      done.push(`a, and b: ${second}`);
    });

    expect([first, done]).toEqual([true, ['a, and b: false']]);
    expect(await b.drainAlone(job.job_id, async () => void done.push('b'))).toBe(true);
    await expect(a.drainAlone(job.job_id, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await b.drainAlone(job.job_id, async () => undefined)).toBe(true);
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
});

test('what a step tells once is told once, however many run it at once, and by no older run', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  const p = ports();
  const job = await start(pair, {}, p);
  const open = () => p.databases.target(pair.target.connection, { name: 'test', statementTimeoutMs: 0 });
  const ends = await Promise.all([open(), open(), open(), open()]);
  const event = { type: 'table.started', actor: 'x', data: { table: 'public.t' } };
  try {
    await Promise.all(ends.map((e) => e.recordEvent(job.job_id, 1, event, 't0/apply/started/e1')));
    await ends[0]?.recordEvent(job.job_id, 1, event, 't1/apply/started/e1');
    await ends[0]?.raiseEpoch(job.job_id, 2);
    await expect(ends[0]?.recordEvent(job.job_id, 1, event, 't2/apply/started/e1')).rejects.toMatchObject({
      code: 'epoch_superseded',
    });
    const told = await ends[0]?.peekOutbox(job.job_id, 100);

    expect(told?.map((e) => [e.seq, e.type])).toEqual([
      [1, 'job.created'],
      [2, 'table.started'],
      [3, 'table.started'],
    ]);
  } finally {
    await Promise.all(ends.map((e) => e.close()));
  }
});
