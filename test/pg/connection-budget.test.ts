import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { expect, test, vi } from 'vitest';
import { takeCounted } from '../../functions/aws/meter.ts';
import type { CoreServices } from '../../functions/runtime.ts';
import { serverOptions } from '../../functions/surroundings.ts';
import { type Caller, connectionLimit, LEAST_BUDGET } from '../../lib/model/connection-budget.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { giveBackSeconds, type Patience, whenThereIsRoom } from '../../lib/orchestrator/connections.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { createDatabase } from '../support/databases.ts';
import { databaseAt, ownServer } from '../support/elsewhere.ts';
import { type Ports, ports, segmentsFor, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

vi.setConfig({ testTimeout: 120_000 });

const databases = (connectionLimit: number | undefined, onAdmitted?: (sessions: number) => void) =>
  postgresDatabases({
    rules: ON_ONE_MACHINE,
    version: 'test',
    sizes: { rangeRows: 20, shareRows: 20 },
    ...(connectionLimit !== undefined && { connectionLimit }),
    ...(onAdmitted && { onAdmitted }),
  });

/** Both ends on one server of 12 connections: a table of 4,000 rows to copy, in 200 segments. */
async function crowded() {
  const own = await ownServer({ max_connections: '12' });
  const admin = await databaseAt(own.server.url('postgres'));
  for (const name of ['one', 'two']) await admin.client.query(`create database ${name}`);
  const ends = [await databaseAt(own.server.url('one')), await databaseAt(own.server.url('two'))] as const;
  for (const { client } of ends) await client.query('create table t (id int primary key, x text)');
  await ends[0].client.query(`insert into t select i, 'v' || i from generate_series(1, 4000) i; analyze t`);
  await Promise.all(ends.map((end) => end.client.end()));
  return { own, admin: admin.client, pair: { source: ends[0], target: ends[1] } };
}

/** Looks again and again at how many sessions of the service work on the server, until it is told to stop. */
function watch(client: pg.Client) {
  let most = 0;
  let on = true;
  const done = (async () => {
    while (on) {
      const { rows } = await client.query(
        `select count(*) as n from pg_stat_activity where application_name like 'terrafusion-sync/%'`,
      );
      most = Math.max(most, Number(rows[0].n));
      await pause(2);
    }
  })();
  return async () => {
    on = false;
    await done;
    return most;
  };
}

/** How many workers the template starts at once. */
const WORKERS = 30;

/** Works on messages as workers on a queue do: one is given back while its servers are full, in twentieths of the time. */
async function workOff(messages: readonly SegmentMessage[], p: Ports): Promise<{ givenBack: number }> {
  const ready = [...messages];
  let [givenBack, open] = [0, messages.length];
  const worker = async () => {
    while (open > 0) {
      const message = ready.shift();
      if (!message) {
        await pause(5);
        continue;
      }
      try {
        const run = { ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined };
        expect(await runSegment(message, run)).toBe('finished');
        open -= 1;
      } catch (error) {
        if (!(error instanceof SyncError) || error.code !== 'too_many_connections') {
          open = 0;
          throw error;
        }
        givenBack += 1;
        const times = (message.given_back ?? 0) + 1;
        void pause(50 * giveBackSeconds(times, Math.random())).then(() =>
          ready.push({ ...message, given_back: times }),
        );
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: WORKERS }, worker));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  return { givenBack };
}

/** Works on all segments of a new job at once. */
async function allAtOnce(connectionLimit: number | undefined) {
  const { own, admin, pair } = await crowded();
  await using _ = own;
  const step: Ports = { ...ports(), databases: databases(undefined) };
  const job = await start(pair, {}, step);
  const input = { job_id: job.job_id, epoch: job.epoch };
  await prepareJob(input, step);
  const segments = await segmentsFor({ ...input, table: 0, pass: 'apply' }, step);
  const stop = watch(admin);
  const p = { ...step, databases: databases(connectionLimit) };
  const message = { v: 1, ...input, table: 0, pass: 'apply', task_token: 'none' } as const;
  const worked = await workOff(
    segments.map((segment) => ({ ...message, segment })),
    p,
  ).finally(stop);
  const most = await stop();
  const target = await databaseAt(pair.target.url);
  const { rows } = await target.client.query('select count(*) as n, count(distinct x) as values from t');
  await target.client.end();
  await admin.end();
  return { segments: segments.length, most, rows: rows[0], givenBack: worked.givenBack };
}

test('E9: 200 segments at once against max_connections=12 are slower, none fails, and the budget is kept', async () => {
  const limit = connectionLimit(8, 'worker');

  const { segments, most, rows, givenBack } = await allAtOnce(limit);

  expect(segments).toBe(200);
  expect(rows).toEqual({ n: '4000', values: '4000' });
  expect(givenBack).toBeGreaterThan(0);
  expect(most).toBeGreaterThanOrEqual(2);
  expect(most).toBeLessThanOrEqual(limit);
});

test('E9: without a budget the server itself says no, which is no failure either', async () => {
  const { most, rows, givenBack } = await allAtOnce(undefined);

  expect(rows).toEqual({ n: '4000', values: '4000' });
  expect(givenBack).toBeGreaterThan(0);
  expect(most).toBeGreaterThan(connectionLimit(8, 'worker')); // what the first test would see without the budget
});

test('of the callers the more urgent one finds room: a stop gets in where workers and steps do not', async () => {
  const { own, admin, pair } = await crowded(); // a server of its own: tests that run beside this one have sessions too
  await using _ = own;
  const p = { ...ports(), databases: databases(undefined) };
  const job = await start(pair, {}, p);
  const budget = LEAST_BUDGET;
  const as = { name: 'somebody', statementTimeoutMs: 0 };
  const open = (caller: Parameters<typeof connectionLimit>[1]) =>
    databases(connectionLimit(budget, caller), (n) => held.push(n)).target(pair.target.connection, as);
  const held: number[] = [];

  const workers = [await open('worker'), await open('worker')];
  await expect(open('worker')).rejects.toMatchObject({ code: 'too_many_connections', facts: { side: 'target' } });
  const steps = [await open('step'), await open('step')];
  await expect(open('step')).rejects.toMatchObject({ code: 'too_many_connections' });
  const stopped = await stopJob(
    { jobId: job.job_id, actor: 'tester' },
    { ...p, databases: databases(connectionLimit(budget, 'command')) },
  );
  await workers[0]?.close();
  await steps[0]?.close();
  const next = await open('step');

  expect(stopped.state).toBe('stopped');
  expect(held).toEqual([1, 2, 3, 4, 3]); // who was refused counts nothing
  await Promise.all([...workers, ...steps, next].map((d) => d.close()));
  await admin.end();
});

test('workers of one job leave two places, which the next job has at once; steps take what there is', async () => {
  const { own, admin, pair } = await crowded();
  await using _ = own;
  const settings = { connectionBudget: 12, version: 'test' };
  const open = (caller: Caller, name: string) => {
    const options = { ...serverOptions({ settings } as CoreServices, caller), rules: ON_ONE_MACHINE };
    return postgresDatabases(options).target(pair.target.connection, { name, statementTimeoutMs: 0 });
  };
  const full = { code: 'too_many_connections' };
  const sessions = [];

  for (let i = 0; i < 6; i++) sessions.push(await open('worker', 'first'));
  await expect(open('worker', 'first')).rejects.toMatchObject(full);
  for (let i = 0; i < 2; i++) sessions.push(await open('worker', 'second'));
  await expect(open('worker', 'second')).rejects.toMatchObject(full);
  await sessions[0]?.close();
  await expect(open('worker', 'first')).rejects.toMatchObject(full); // it was above its share, and does not take it again
  sessions.push(await open('worker', 'third'));
  for (let i = 0; i < 2; i++) sessions.push(await open('step', 'first'));

  await Promise.all(sessions.slice(1).map((session) => session.close()));
  await admin.end();
});

test('bytes of a session are told once, however often it is ended, each way by its side', async () => {
  await using db = await createDatabase();
  const { onTraffic } = serverOptions({ settings: { connectionBudget: 12 } } as CoreServices, 'worker');
  takeCounted();
  const session = await openSession(db.connection, {
    side: 'source',
    applicationName: 'test',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 0,
    onTraffic,
  });
  await session.query(`select repeat('x', 1000000)`);
  await session.end();
  await session.end();

  const { source_bytes_received: received = 0, source_bytes_sent: sent = 0, ...others } = takeCounted();
  expect(Object.values(others).filter((n) => n > 0)).toEqual([]);
  expect([received > 1_000_000, received < 1_100_000, sent > 100, sent < 100_000]).toEqual([true, true, true, true]);
});

test('whoever waits for room asks again at random times, until patience ends', async () => {
  const full = async () => {
    throw new SyncError('too_many_connections', 'full');
  };
  const waits: number[] = [];
  const patience: Patience = {
    forMs: 5_000,
    random: () => 0.7,
    wait: async (ms) => {
      waits.push(ms);
    },
  };
  let asked = 0;

  await expect(whenThereIsRoom(full, patience)).rejects.toMatchObject({ code: 'too_many_connections' });
  await expect(whenThereIsRoom(full, undefined)).rejects.toMatchObject({ code: 'too_many_connections' });
  const got = await whenThereIsRoom(async () => (++asked < 3 ? full() : 'room'), patience);

  expect(waits).toEqual([1400, 1400, 1400, 1400, 1400, 1400]); // four until patience ended, then two
  expect(got).toBe('room');
});
