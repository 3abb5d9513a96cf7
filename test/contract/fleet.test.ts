import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoFleetLooks } from '../../functions/aws/dynamo/fleet-looks.ts';
import { dynamoFleetOrderStore } from '../../functions/aws/dynamo/fleet-order-store.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoPairStore } from '../../functions/aws/dynamo/pair-store.ts';
import { registryItems } from '../../functions/aws/dynamo/registry-items.ts';
import { dynamoScheduleStore } from '../../functions/aws/dynamo/schedule-store.ts';
import type { Table } from '../../functions/aws/dynamo/table.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type FleetItem, type FleetWork, ITEMS_PER_PAGE, jobOf } from '../../lib/model/fleet-order.ts';
import type { Job, JobState } from '../../lib/model/job.ts';
import { findPairs, lastJobsOf } from '../../lib/orchestrator/find-pairs.ts';
import { cancelFleet, orderFleet, previewFleet } from '../../lib/orchestrator/fleet-order.ts';
import type { PutSchedule } from '../../lib/orchestrator/put-schedule.ts';
import type { StartRequest } from '../../lib/orchestrator/start-job.ts';
import { type StepFleetPorts, stepFleet, tendFleet } from '../../lib/orchestrator/step-fleet.ts';
import type { ConnectionPair } from '../../lib/ports.ts';
import { memoryLog } from '../support/memory-ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { PAIR_ENVIRONMENTS, sampleJob, samplePair, sampleSchedule } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

const jobOfPair = (over: Partial<Job>) => sampleJob({ environments: PAIR_ENVIRONMENTS, ...over });

const ID = '0e0e0e0e-0000-4000-8000-000000000001';

/** A table of which a writer dies when it comes to the order itself. */
const halfDead = (table: Table): Table => ({
  ...table,
  client: () =>
    Object.assign(Object.create(table.client()), {
      send: (command: { input: { Item?: { kind?: string } } }) =>
        command.input.Item?.kind === 'fleet_open'
          ? Promise.reject(new Error('killed'))
          : table.client().send(command as never),
    }),
});

/** Pairs and their orders over real stores; a start makes a job and moves no row. */
async function fleet() {
  const names = await createTables(dynamo);
  const table = (name: 'jobs' | 'registry') => ({ name: () => names[name], client: () => dynamo.client });
  const jobs = dynamoJobStore(table('jobs'));
  const clock = { now: Date.parse('2026-11-23T12:00:00.000Z') };
  const started: string[] = [];
  const starts: StartRequest[] = [];
  const puts: PutSchedule[] = [];
  const asked: string[] = [];
  const sent: string[] = [];
  /** What a start of this pair is answered. */
  const refuse = new Map<string, SyncError>();
  const ports = {
    pairs: dynamoPairStore(table('registry')),
    orders: dynamoFleetOrderStore(table('registry')),
    looks: dynamoFleetLooks({ jobs: table('jobs'), registry: table('registry') }),
    schedules: dynamoScheduleStore(table('registry')),
    queue: { send: async (id: string) => void sent.push(id) },
    clock: () => new Date(clock.now),
    log: memoryLog(),
    remainingMs: () => 100_000,
    connect: async ({ name }) => {
      const no = refuse.get(name);
      if (no) throw no;
      return {} as ConnectionPair; // nobody connects
    },
    startJob: async (request) => {
      const { jobId, actor, mode = 'full', config } = request;
      started.push(jobId);
      starts.push(request);
      const at = new Date(clock.now).toISOString();
      const job = jobOfPair({ job_id: jobId, actor, mode, config, created_at: at, heartbeat_at: at });
      await jobs.create(job);
      return job;
    },
    stopJob: async ({ jobId }) => {
      asked.push(`stop ${jobId}`);
      return (await jobs.get(jobId)) as Job; // a test has made it
    },
    resumeJob: async ({ jobId }) => {
      asked.push(`resume ${jobId}`);
      return (await jobs.get(jobId)) as Job;
    },
    putSchedule: async (put) => {
      asked.push(`schedule ${put.name} ${put.flexible_minutes}`);
      puts.push(put);
    },
  } satisfies StepFleetPorts & { queue: object };
  const add = async (n: number, more = {}) => {
    for (let i = 0; i < n; i++) await ports.pairs.put(samplePair(`p${String(i).padStart(3, '0')}`, more));
  };
  const order = async (work: FleetWork, { count, atOnce = 40 }: { count: number; atOnce?: number }) =>
    orderFleet({ orderId: ID, work, filter: {}, expectedCount: count, atOnce, actor: 'ada' }, ports);
  const move = (id: string, state: JobState, more = {}) =>
    jobs.transition(id, { from: ['created', 'running'], epoch: 1 }, { state, ...more });
  const items = async (id = ID): Promise<readonly FleetItem[]> => {
    const stored = await ports.orders.get(id);
    return stored ? (await ports.orders.page(stored, 0)).items : [];
  };
  /** As it is left by a writer that died between the end of an order and taking it off the list. */
  const reopen = (id: string) => registryItems(table('registry'), 'fleet_open').put(id, { revision: 1 });
  return { ports, table, reopen, clock, jobs, started, starts, puts, asked, sent, refuse, add, order, move, items };
}
let f: Awaited<ReturnType<typeof fleet>>;
beforeEach(async () => {
  f = await fleet();
});

describe('an order to start many pairs', () => {
  it('starts each with its own environments, with the mode and dry run of the order, as whoever gave it, and notes its job', async () => {
    await f.add(1, { mode: 'full' });
    const [own, other] = ['1', '2'].map((n) => ID.replace(/1$/, n));
    const give = async (orderId = '', work: FleetWork) => {
      const by = { actor: 'ada', subject: 'id-ada' };
      await orderFleet({ orderId, work, filter: {}, expectedCount: 1, atOnce: 1, ...by }, f.ports);
      await stepFleet(orderId, f.ports);
    };

    await give(own, { action: 'start' });
    await f.move(f.started[0] ?? '', 'completed');
    await give(other, { action: 'start', mode: 'incremental', dry_run: true });

    const as = { actor: 'ada', subject: 'id-ada', environments: { source: 'production', target: 'training' } };
    expect(f.starts).toMatchObject([
      { ...as, mode: 'full', config: { dry_run: false } },
      { ...as, mode: 'incremental', config: { dry_run: true } },
    ]);
    const noted = (await f.ports.pairs.jobs(['p000'])).get('p000') ?? [];
    expect(noted.map(({ job_id }) => job_id)).toEqual(f.started.toReversed());
  });

  it('starts as many as may work at once, and the next when one has ended', async () => {
    await f.add(25);
    await f.order({ action: 'start' }, { count: 25, atOnce: 10 });

    expect(await stepFleet(ID, f.ports)).toEqual({ again: true, afterSeconds: 10 });
    expect(f.started).toHaveLength(10);
    expect(await stepFleet(ID, f.ports)).toEqual({ again: true, afterSeconds: 10 });
    expect(f.started).toHaveLength(10);
    for (const id of f.started.slice(0, 4)) await f.move(id, 'completed');
    await f.move(f.started[5] ?? '', 'paused'); // waits for somebody, and holds up no other
    await stepFleet(ID, f.ports);
    expect(f.started).toHaveLength(15);
    for (const id of f.started) await f.move(id, 'completed');
    await stepFleet(ID, f.ports);
    for (const id of f.started) await f.move(id, 'completed');
    expect(await stepFleet(ID, f.ports)).toEqual({ again: false });

    expect(new Set(f.started).size).toBe(25);
    expect(f.started).toHaveLength(25);
    expect(await f.ports.orders.get(ID)).toMatchObject({ state: 'completed', counts: { done: 25, failed: 0 } });
    expect(await f.ports.orders.open()).toEqual([]);
  });

  it('counts the jobs of the pages before among those at work', async () => {
    await f.add(ITEMS_PER_PAGE + 5);
    await f.order({ action: 'start' }, { count: ITEMS_PER_PAGE + 5, atOnce: ITEMS_PER_PAGE + 2 });

    expect(await stepFleet(ID, f.ports)).toMatchObject({ again: true });
    expect(f.started).toHaveLength(ITEMS_PER_PAGE + 2);
    for (const id of f.started.slice(0, 3)) await f.move(id, 'completed');
    expect(await stepFleet(ID, f.ports)).toEqual({ again: false });
    expect(f.started).toHaveLength(ITEMS_PER_PAGE + 5);
  });

  it('begins nothing when its time is nearly up, and goes on at once', async () => {
    await f.add(1);
    await f.order({ action: 'start' }, { count: 1 });

    expect(await stepFleet(ID, { ...f.ports, remainingMs: () => 30_000 })).toEqual({ again: true, afterSeconds: 0 });
    expect(f.started).toEqual([]);
  });

  it('starts nothing twice when steps die before they note what they did, or run at once', async () => {
    await f.add(20);
    await f.order({ action: 'start' }, { count: 20 });
    const dies = { ...f.ports.orders, putPage: () => Promise.reject(new Error('killed')) };

    await expect(stepFleet(ID, { ...f.ports, orders: dies })).rejects.toThrow('killed');
    expect(f.started).toHaveLength(8);
    await Promise.all([stepFleet(ID, f.ports), stepFleet(ID, f.ports)]);
    await stepFleet(ID, f.ports);

    expect(new Set(f.started).size).toBe(20);
    expect(await f.ports.orders.get(ID)).toMatchObject({ state: 'completed', counts: { done: 20 } });
    const jobs = await Promise.all([...new Set(f.started)].map((id) => f.jobs.get(id)));
    expect(jobs.filter(Boolean)).toHaveLength(20);
  });

  it('skips a pair whose job works, names one that was refused, and tries one again whose server is full', async () => {
    await f.add(4);
    await f.jobs.create(jobOfPair({ job_id: ID, state: 'running' }));
    await f.ports.pairs.note('p000', { job_id: ID, at: '2026-11-23T10:00:00.000Z' });
    f.refuse.set('p001', new SyncError('target_busy', 'taken'));
    f.refuse.set('p002', new SyncError('too_many_connections', 'full'));
    await f.order({ action: 'start' }, { count: 4 });

    expect(await stepFleet(ID, f.ports)).toEqual({ again: true, afterSeconds: 10 });
    expect((await f.items()).map(({ outcome, code, tries }) => [outcome, code, tries])).toEqual([
      ['skipped', 'pair_busy', undefined],
      ['failed', 'target_busy', 1],
      ['pending', 'too_many_connections', 1],
      ['done', undefined, undefined],
    ]);
    for (let tries = 0; tries < 3; tries++) expect(await stepFleet(ID, f.ports)).toMatchObject({ again: true });
    expect(await stepFleet(ID, f.ports)).toEqual({ again: false });

    expect(await f.ports.orders.get(ID)).toMatchObject({
      state: 'completed',
      counts: { done: 1, skipped: 1, failed: 2 },
      failures: [
        { pair: 'p001', code: 'target_busy' },
        { pair: 'p002', code: 'too_many_connections' },
      ],
    });
  });

  it('begins nothing after it was cancelled, and is refused where other pairs are meant than were seen', async () => {
    await f.add(12);
    expect(await previewFleet({}, f.ports)).toMatchObject({ count: 12, pairs: expect.arrayContaining(['p000']) });
    await expect(f.order({ action: 'start' }, { count: 11 })).rejects.toMatchObject({ code: 'count_changed' });
    expect(await f.ports.orders.open()).toEqual([]);
    await f.order({ action: 'start' }, { count: 12, atOnce: 8 });
    await stepFleet(ID, f.ports);

    const cancelled = await cancelFleet({ orderId: ID, actor: 'eve' }, f.ports);
    for (const id of f.started) await f.move(id, 'completed');

    expect(cancelled).toMatchObject({ state: 'cancelled', cancelled_by: 'eve' });
    expect(await stepFleet(ID, f.ports)).toEqual({ again: false });
    expect(f.started).toHaveLength(8);
    expect(await cancelFleet({ orderId: ID, actor: 'bob' }, f.ports)).toMatchObject({ cancelled_by: 'eve' });
  });

  it('is over the pairs that its last try has found, whatever a try that died has left', async () => {
    await f.add(2);
    const half = dynamoFleetOrderStore(halfDead(f.table('registry')));
    await expect(
      orderFleet(
        { orderId: ID, work: { action: 'start' }, filter: {}, expectedCount: 2, atOnce: 8, actor: 'ada' },
        { ...f.ports, orders: { ...f.ports.orders, create: half.create } },
      ),
    ).rejects.toMatchObject({ code: 'unavailable' });
    await f.ports.pairs.remove('p000', 1);
    await f.ports.pairs.put(samplePair('p009'));

    await f.order({ action: 'start' }, { count: 2 });
    await stepFleet(ID, f.ports);

    expect((await f.items()).map(({ pair }) => pair)).toEqual(['p001', 'p009']);
    expect(new Set(f.started)).toEqual(new Set(['p001', 'p009'].map((pair) => jobOf(ID, pair))));
  });

  it('is one order where it is given twice at once over other pairs', async () => {
    await f.add(1);
    const first = f.order({ action: 'start' }, { count: 1 });
    const create: typeof f.ports.orders.create = async (order, items) => {
      await first;
      return f.ports.orders.create({ ...order, list: 'other' }, items);
    };
    const request = { work: { action: 'start' as const }, filter: {}, expectedCount: 1, atOnce: 8, actor: 'ada' };
    const get = async () => undefined;
    const second = orderFleet({ orderId: ID, ...request }, { ...f.ports, orders: { ...f.ports.orders, create, get } });

    expect(await second).toEqual(await first);
  });

  it('goes on beyond those that follow their source for good', async () => {
    const config = { detection_strategy: 'cdc', continuous: true } as const;
    await f.add(4, { config: { ...samplePair('x').config, ...config } });
    await f.order({ action: 'start' }, { count: 4, atOnce: 2 });

    await stepFleet(ID, f.ports);
    expect(f.started).toHaveLength(2); // they prepare
    for (const id of f.started) await f.move(id, 'running');
    await stepFleet(ID, f.ports);
    expect(f.started).toHaveLength(4);
    for (const id of f.started.slice(2)) await f.move(id, 'running');
    expect(await stepFleet(ID, f.ports)).toEqual({ again: false });
  });

  it('is sent again when nobody has worked on it for three minutes', async () => {
    await f.add(2);
    await f.order({ action: 'start' }, { count: 2, atOnce: 1 });
    const tend = () => tendFleet({ ...f.ports, log: memoryLog() });

    expect(f.sent).toEqual([ID]);
    await tend();
    expect(f.sent).toHaveLength(1);
    f.clock.now += 3 * 60_000;
    await tend();
    expect(f.sent).toEqual([ID, ID]);
    for (let minute = 1; minute < 15; minute++) {
      f.clock.now += 60_000;
      await tend();
    }
    expect(f.sent).toHaveLength(2); // it waits behind those of other orders
    f.clock.now += 60_000;
    await tend();
    expect(f.sent).toHaveLength(3);
    await stepFleet(ID, f.ports);
    f.clock.now += 3 * 60_000; // a step was at it since, and its message is lost again
    await tend();
    expect(f.sent).toHaveLength(4);
    await cancelFleet({ orderId: ID, actor: 'eve' }, f.ports);
    expect(await f.ports.orders.open()).toEqual([]);
  });

  it('is sent again though another one before it cannot be looked at', async () => {
    await f.add(1);
    await f.order({ action: 'start' }, { count: 1 });
    f.clock.now += 3 * 60_000;
    const log = memoryLog();
    const open = async () => [{ order_id: 'bad', revision: 1 }, ...(await f.ports.orders.open())];
    const get = (id: string) => (id === 'bad' ? Promise.reject(new Error('not JSON')) : f.ports.orders.get(id));

    await tendFleet({ ...f.ports, log, orders: { ...f.ports.orders, open, get } });

    expect(f.sent).toEqual([ID, ID]);
    expect(log.lines.join()).toContain('bad');
  });

  it('says in the log what nobody expected of a pair', async () => {
    await f.add(1);
    const startJob = () => Promise.reject(new TypeError('x is undefined'));
    await f.order({ action: 'start' }, { count: 1 });

    await stepFleet(ID, { ...f.ports, startJob });

    expect(await f.items()).toMatchObject([{ outcome: 'failed', code: 'internal' }]);
    expect(f.ports.log.lines).toEqual([expect.stringMatching(/^error pair failed .*"pair":"p000"/)]);
  });

  it('waits for a schedule that is being deleted, for three minutes', async () => {
    await f.add(1);
    const environments = { source: 'production', target: 'training' };
    await f.ports.schedules.create(sampleSchedule({ name: 'p000', environments, deleting: true }));
    const timing = {
      expression: 'rate(1 day)',
      timezone: 'UTC',
      spread_minutes: 0,
      overlap: 'skip' as const,
      paused: false,
    };
    await f.order({ action: 'schedule', timing }, { count: 1 });

    for (let seconds = 0; seconds < 120; seconds += 10)
      expect(await stepFleet(ID, f.ports)).toEqual({ again: true, afterSeconds: 10 });
    await f.ports.schedules.remove('p000');
    await stepFleet(ID, f.ports);

    expect(f.asked).toEqual(['schedule p000 0']);
  });

  it('that ended when the writer died is taken off the list of those that are open', async () => {
    await f.add(1);
    await f.order({ action: 'start' }, { count: 1 });
    await stepFleet(ID, f.ports);
    await f.reopen(ID);

    await tendFleet({ ...f.ports, log: memoryLog() });

    expect(await f.ports.orders.open()).toEqual([]);
    expect(f.sent).toEqual([ID]);
  });
});

it('stops what works, resumes what does not, schedules, and leaves the schedules of others alone', async () => {
  await f.add(3);
  const ids = ['1', '2'].map((n) => ID.replace(/1$/, n));
  for (const [i, state] of (['running', 'failed'] as const).entries()) {
    await f.jobs.create(jobOfPair({ job_id: ids[i] ?? '', state }));
    await f.ports.pairs.note(`p00${i}`, { job_id: ids[i] ?? '', at: '2026-11-23T10:00:00.000Z' });
  }
  await f.ports.schedules.create(sampleSchedule({ name: 'p002', environments: { source: 'elsewhere' } }));
  const run = async (work: FleetWork, n: number) => {
    const orderId = ID.replace(/1$/, String(n));
    await orderFleet({ orderId, work, filter: {}, expectedCount: 3, atOnce: 1, actor: 'ada' }, f.ports);
    await stepFleet(orderId, f.ports);
    return (await f.items(orderId)).map(({ outcome, code }) => code ?? outcome);
  };
  const timing = {
    expression: 'rate(1 day)',
    timezone: 'UTC',
    spread_minutes: 15,
    overlap: 'skip' as const,
    paused: false,
  };

  expect(await run({ action: 'stop' }, 3)).toEqual(['done', 'not_working', 'not_working']);
  expect(await run({ action: 'resume' }, 4)).toEqual(['nothing_to_resume', 'done', 'nothing_to_resume']);
  expect(await run({ action: 'schedule', timing }, 5)).toEqual(['done', 'done', 'schedule_changed']);
  const [stopped, resumed, ...scheduled] = f.asked;
  expect([stopped, resumed]).toEqual([`stop ${ids[0]}`, `resume ${ids[1]}`]);
  expect(scheduled.sort()).toEqual(['schedule p000 15', 'schedule p001 15']); // side by side
  await f.ports.schedules.create(
    sampleSchedule({ name: 'p000', environments: { source: 'production', target: 'training' } }),
  );
  expect(await run({ action: 'unschedule' }, 6)).toEqual(['done', 'not_scheduled', 'schedule_changed']);
  expect(await f.ports.schedules.get('p000')).toMatchObject({ deleting: true });
  expect((await f.ports.schedules.get('p002'))?.deleting).toBeUndefined();
});

it('gives each pair a schedule with all that the order says of time, and the rest of the pair', async () => {
  await f.add(1, { mode: 'incremental' });
  const timing = {
    expression: 'rate(1 day)',
    timezone: 'America/Chicago',
    spread_minutes: 30,
    overlap: 'queue' as const,
    paused: true,
  };

  await f.order({ action: 'schedule', timing }, { count: 1 });
  await stepFleet(ID, f.ports);

  const { spread_minutes: flexible_minutes, ...rest } = timing;
  const environments = { source: 'production', target: 'training' };
  expect(f.puts).toEqual([
    {
      ...rest,
      flexible_minutes,
      name: 'p000',
      mode: 'incremental',
      config: samplePair('p000').config,
      environments,
      actor: 'ada',
    },
  ]);
});

describe('a list of pairs', () => {
  it('shows the last job, also one that its schedule has started, and the last success behind it', async () => {
    await f.add(2, { groups: ['nightly'] });
    const [old, failed, refused] = ['1', '2', '3'].map((n) => ID.replace(/1$/, n));
    const ended_at = '2026-11-23T11:00:00.000Z';
    await f.jobs.create(jobOfPair({ job_id: old ?? '', state: 'completed', ended_at }));
    const failure = { code: 'disk_full', message: 'm' };
    await f.jobs.create(jobOfPair({ job_id: failed ?? '', state: 'failed', failure, open_conflicts: 3 }));
    await f.ports.pairs.note('p000', { job_id: old ?? '', at: '2026-11-23T10:00:00.000Z' });
    await f.ports.pairs.note('p000', { job_id: refused ?? '', at: '2026-11-23T11:59:00.000Z' }); // never came to be
    const at = '2026-11-23T11:30:00.000Z';
    await f.ports.schedules.create(
      sampleSchedule({
        name: 'p000',
        environments: { source: 'production', target: 'training' },
        runs: [{ due: at, at, outcome: 'started', job_id: failed ?? '' }],
      }),
    );
    const names = async (filter: object) =>
      (await findPairs(filter, { limit: 10 }, f.ports)).pairs.map(({ pair }) => pair.name);

    const [first, second] = (await findPairs({}, { limit: 10 }, f.ports)).pairs;
    expect(first).toMatchObject({ last: { job_id: failed, code: 'disk_full', open_conflicts: 3 } });
    expect(first?.last_success_at).toBe(ended_at);
    expect(first?.schedule?.next_run).toBeDefined();
    expect(second?.last).toBeUndefined();
    expect((await lastJobsOf(samplePair('p000'), f.ports)).map(({ job_id, state }) => [job_id, state])).toEqual([
      [failed, 'failed'],
      [old, 'completed'],
    ]);
    expect(await lastJobsOf(samplePair('p001'), f.ports)).toEqual([]);
    expect(await names({ state: 'failed' })).toEqual(['p000']);
    expect(await names({ state: 'never' })).toEqual(['p001']);
    expect(await names({ overdue_hours: 1 })).toEqual(['p001']);
    f.clock.now += 2 * 3_600_000;
    expect(await names({ overdue_hours: 1 })).toEqual(['p000', 'p001']);
    expect(await names({ group: 'nightly', prefix: 'p001' })).toEqual(['p001']);
    expect(await names({ group: 'weekly' })).toEqual([]);
  });

  it('says when a pair was last in step though its last job has failed, and goes by no schedule over other databases', async () => {
    await f.add(1);
    const [old, failed, others] = ['1', '2', '3'].map((n) => ID.replace(/1$/, n));
    const ended_at = '2026-11-23T10:30:00.000Z';
    await f.jobs.create(jobOfPair({ job_id: old ?? '', state: 'completed', ended_at }));
    await f.jobs.create(jobOfPair({ job_id: failed ?? '', state: 'failed' }));
    await f.jobs.create(jobOfPair({ job_id: others ?? '', state: 'running' }));
    await f.ports.pairs.note('p000', { job_id: old ?? '', at: '2026-11-23T10:00:00.000Z' });
    await f.ports.pairs.note('p000', { job_id: failed ?? '', at: '2026-11-23T11:00:00.000Z' });
    const at = '2026-11-23T11:30:00.000Z';
    await f.ports.schedules.create(
      sampleSchedule({
        name: 'p000',
        environments: { source: 'production', target: 'elsewhere' },
        runs: [{ due: at, at, outcome: 'started', job_id: others ?? '' }],
      }),
    );

    const [found] = (await findPairs({}, { limit: 1 }, f.ports)).pairs;

    expect(found).toMatchObject({ last: { job_id: failed, state: 'failed' }, last_success_at: ended_at });
    expect(found?.schedule).toBeUndefined();
  });

  it('reads of each pair its last job, and older ones where they are asked for or shown', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      await f.ports.pairs.put(samplePair(name));
      for (let n = 0; n < 4; n++) {
        const job_id = ID.replace(/00000001$/, `${name}${name}00000${n}`);
        const state = n === 0 ? 'completed' : name === 'c' ? 'stopped' : 'failed';
        await f.jobs.create(jobOfPair({ job_id, state, ended_at: '2026-11-23T10:00:00.000Z' }));
        await f.ports.pairs.note(name, { job_id, at: `2026-11-23T1${n}:00:00.000Z` });
      }
    }
    let read = 0;
    const looks = {
      ...f.ports.looks,
      jobs: (ids: readonly string[]) => {
        read += ids.length;
        return f.ports.looks.jobs(ids);
      },
    };
    const readBy = async (work: Promise<unknown>) => {
      read = 0;
      await work;
      return read;
    };

    expect(await readBy(previewFleet({ state: 'failed' }, { ...f.ports, looks }))).toBe(3);
    expect(await readBy(previewFleet({ overdue_hours: 1 }, { ...f.ports, looks }))).toBe(3 + 9);
    expect(await readBy(previewFleet({ overdue_hours: 1, state: 'stopped' }, { ...f.ports, looks }))).toBe(3 + 3);
    const page = findPairs({ state: 'stopped' }, { limit: 10 }, { ...f.ports, looks });
    expect(await readBy(page)).toBe(3 + 3);
    expect((await page).pairs).toMatchObject([{ pair: { name: 'c' }, last_success_at: expect.any(String) }]);
  });

  it('goes on where a page ended, also in the middle of what was read', async () => {
    await f.add(130);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await findPairs({ prefix: 'p' }, { limit: 7, after }, f.ports);
      found.push(...page.pairs.map(({ pair }) => pair.name));
      after = page.after;
    } while (after !== undefined);

    expect(found).toHaveLength(130);
    expect(new Set(found).size).toBe(130);
  });
});

/** A pair whose last job is like this. */
async function withJob(over: Partial<Job>) {
  const id = ID.replace(/1$/, 'a');
  await f.ports.pairs.put(samplePair('adams'));
  await f.jobs.create(jobOfPair({ job_id: id, ...over }));
  await f.ports.pairs.note('adams', { job_id: id, at: '2026-11-23T11:00:00.000Z' });
  return id;
}

describe('an order over a pair whose job is moved by others too', () => {
  const outcome = async () => (await f.items()).map((item) => item.code ?? item.outcome)[0];
  const dies = () => ({
    ...f.ports,
    orders: {
      ...f.ports.orders,
      putPage: (...args: Parameters<typeof f.ports.orders.putPage>) =>
        args[2].items.some((item) => item.outcome !== 'pending')
          ? Promise.reject(new Error('killed'))
          : f.ports.orders.putPage(...args),
    },
  });

  it.each([
    ['resume', 'stopped', 'created', 'stopped', 'state_conflict'],
    ['resume', 'stopped', 'created', 'created', 'done'],
    ['stop', 'running', 'stopped', 'created', 'state_conflict'],
    ['stop', 'running', 'stopped', 'stopped', 'done'],
  ] as const)(
    'does not %s it a second time after the step has died: %s, %s, by now %s',
    async (action, was, moved, now, said) => {
      const id = await withJob({ state: was });
      const move = async ({ jobId, epoch = 0 }: { jobId: string; epoch?: number }) => {
        f.asked.push(action);
        return (await f.jobs.transition(jobId, { from: [was], epoch }, { state: moved, epoch: epoch + 1 })) as Job;
      };
      await f.order({ action }, { count: 1 });
      await expect(stepFleet(ID, { ...dies(), stopJob: move, resumeJob: move })).rejects.toThrow('killed');
      if (now !== moved) await f.jobs.transition(id, { from: [moved], epoch: 2 }, { state: now, epoch: 3 });

      await stepFleet(ID, { ...f.ports, stopJob: move, resumeJob: move });

      expect(f.asked).toEqual([action]);
      expect(await outcome()).toBe(said);
    },
  );

  it('does it where the step has died before', async () => {
    const id = await withJob({ state: 'failed' });
    await f.order({ action: 'resume' }, { count: 1 });
    const killed = () => Promise.reject(new Error('killed'));
    await expect(stepFleet(ID, { ...f.ports, orders: { ...f.ports.orders, putPage: killed } })).rejects.toThrow(
      'killed',
    );
    expect(f.asked).toEqual([]);

    await stepFleet(ID, f.ports);
    expect(f.asked).toEqual([`resume ${id}`]);
  });

  it('takes a job that somebody else has just stopped for done', async () => {
    const id = await withJob({ state: 'running' });
    const late = async () => {
      await f.jobs.transition(id, { from: ['running'], epoch: 1 }, { state: 'stopping', epoch: 2 });
      throw new SyncError('state_conflict', 'somebody else has moved the job');
    };
    await f.order({ action: 'stop' }, { count: 1 });
    await stepFleet(ID, { ...f.ports, stopJob: late });
    expect(await outcome()).toBe('done');
  });

  it('leaves a job alone that was over other environments than the pair names now', async () => {
    const id = await withJob({ state: 'failed' });
    expect((await findPairs({ state: 'failed' }, { limit: 1 }, f.ports)).pairs).toHaveLength(1);
    await f.ports.pairs.put(samplePair('adams', { target_environment: 'development', revision: 2 }));

    expect(await previewFleet({ state: 'failed' }, f.ports)).toMatchObject({ count: 0 });
    await f.order({ action: 'resume' }, { count: 1 });
    await stepFleet(ID, f.ports);

    expect(f.asked).toEqual([]);
    expect(await outcome()).toBe('nothing_to_resume');
    expect((await f.jobs.get(id))?.state).toBe('failed');
  });
});
