import { randomUUID } from 'node:crypto';
import { dynamoFleetLooks } from '../../functions/aws/dynamo/fleet-looks.ts';
import { dynamoFleetOrderStore } from '../../functions/aws/dynamo/fleet-order-store.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoPairStore } from '../../functions/aws/dynamo/pair-store.ts';
import { registryItems } from '../../functions/aws/dynamo/registry-items.ts';
import { dynamoScheduleStore } from '../../functions/aws/dynamo/schedule-store.ts';
import type { Environment } from '../../lib/model/environment.ts';
import { NO_COUNTS } from '../../lib/model/job.ts';
import { withRun } from '../../lib/model/schedule.ts';
import { findPairs } from '../../lib/orchestrator/find-pairs.ts';
import { orderFleet, previewFleet } from '../../lib/orchestrator/fleet-order.ts';
import { sideBySide } from '../../lib/orchestrator/side-by-side.ts';
import { stepFleet } from '../../lib/orchestrator/step-fleet.ts';
import type { ConnectionPair } from '../../lib/ports.ts';
import { createTables, startDynamo } from '../contract/dynamo.ts';
import { PAIR_ENVIRONMENTS, sampleEnvironment, sampleJob, samplePair, sampleSchedule } from '../contract/samples.ts';
import { memoryLog } from '../support/memory-ports.ts';
import { meter } from './capacity.ts';
import { spread, table } from './report.ts';

export interface FleetOptions {
  readonly pairs: number;
  readonly jobs: number;
  readonly say: (line: string) => void;
}

const AT_ONCE = 16;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const nameOf = (i: number) => `pair-${String(i).padStart(5, '0')}`;
const round = (n: number) => String(Math.round(n * 10) / 10);

/** How long a job of the simulation works, and how many workers it has; each notes its progress once a second. */
const JOB_SECONDS = 30;
const WORKERS = 5;

/**
 * Thousands of pairs and hundreds of jobs at once, by the stores of the service on an emulated DynamoDB whose calls are metered
 * (capacity.ts), in simulated seconds. No database and no function: what a job does to its rows is not the question here.
 */
export async function fleet({ pairs: count, jobs: atOnce, say }: FleetOptions): Promise<string> {
  const dynamo = await startDynamo();
  try {
    return await simulate(dynamo, { pairs: count, jobs: atOnce, say });
  } finally {
    await dynamo.close();
  }
}

async function simulate(
  dynamo: Awaited<ReturnType<typeof startDynamo>>,
  { pairs: count, jobs: atOnce, say }: FleetOptions,
) {
  const names = await createTables(dynamo);
  const meters = meter(dynamo.client);
  const at = (name: 'jobs' | 'registry') => ({ name: () => names[name], client: () => dynamo.client });
  const began = Date.parse('2026-11-24T02:00:00.000Z');
  const clock = () => new Date(began + meters.second * 1_000);
  const jobs = dynamoJobStore(at('jobs'));
  const kept = {
    pairs: dynamoPairStore(at('registry')),
    orders: dynamoFleetOrderStore(at('registry')),
    looks: dynamoFleetLooks({ jobs: at('jobs'), registry: at('registry') }),
    clock,
  };
  const rows: string[][] = [
    ['what', 'calls', 'reads', 'writes', 'hottest partition in one second', 'units', 'of its limit', 'ms'],
  ];
  const limit = { reads: 3_000, writes: 1_000 };
  const note = (what: string, ms: readonly number[] = []) => {
    const hot = (['reads', 'writes'] as const).flatMap((unit) =>
      meters.hottest(unit, 1).map(([partition, units]) => ({ partition, units, unit, share: units / limit[unit] })),
    );
    const most = hot.sort((a, b) => b.share - a.share)[0];
    const where = most ? `${most.partition.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '<id>')}, ${most.unit}` : '';
    rows.push([
      what,
      String(dynamo.calls.length),
      round(meters.total('reads')),
      round(meters.total('writes')),
      where,
      round(most?.units ?? 0),
      `${round((most?.share ?? 0) * 100)} %`,
      ms.length > 0 ? spread(ms, 0) : '',
    ]);
    say(rows.at(-1)?.join(' | ') ?? '');
    meters.reset();
    dynamo.calls.length = 0;
  };

  await sideBySide(range(count), AT_ONCE, (i) =>
    kept.pairs.put(samplePair(nameOf(i), { groups: [i < atOnce ? 'now' : 'later'] })),
  );
  note(`${count} pairs put, all in one second`);

  const pages = async (filter: object) => {
    const ms: number[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      meters.second += 1;
      const start = performance.now();
      after = (await findPairs(filter, { limit: 100, after }, kept)).after;
      ms.push(performance.now() - start);
    }
    return ms;
  };
  const all = await pages({});
  note(`listed, ${all.length} pages of 100, one a second`, all);

  meters.second += 1;
  const queue = { send: async () => undefined };
  const filter = { group: 'now' };
  const preview = await previewFleet(filter, kept);
  const orderId = randomUUID();
  const request = { orderId, work: { action: 'start' as const }, filter, expectedCount: preview.count };
  await orderFleet({ ...request, atOnce, actor: 'bench' }, { ...kept, queue });
  note(`an order over ${preview.count} of them: preview and order`);

  const started: string[] = [];
  const ports = {
    ...kept,
    remainingMs: () => 100_000,
    schedules: dynamoScheduleStore(at('registry')),
    connect: async () => ({}) as ConnectionPair, // nobody connects
    startJob: async ({ jobId }: { readonly jobId: string }) => {
      started.push(jobId);
      if (started.length % 25 === 0) meters.second += 1; // a step starts eight side by side, in some 300 ms
      const now = clock().toISOString();
      const job = sampleJob({ job_id: jobId, environments: PAIR_ENVIRONMENTS, created_at: now, heartbeat_at: now });
      await jobs.create(job);
      return job;
    },
    stopJob: notHere,
    resumeJob: notHere,
    putSchedule: notHere,
    log: memoryLog(),
  };
  await stepFleet(orderId, ports);
  note(`${started.length} jobs started, 25 a second`);

  // all of them work at the same time: each worker notes its progress and its sign of life every second
  for (const state of ['preparing', 'running'] as const) {
    meters.second += 1;
    const from = state === 'preparing' ? ('created' as const) : ('preparing' as const);
    await sideBySide(started, AT_ONCE, (id) => jobs.transition(id, { from: [from], epoch: 1 }, { state }));
  }
  note(`${started.length} jobs move twice, all in the same two seconds`);
  const work = async (beats: boolean) => {
    for (let second = 0; second < JOB_SECONDS / 10; second++) {
      meters.second += beats ? 61 : 1; // as long apart that each is stored: what every sign of life cost before
      await sideBySide(started, AT_ONCE, async (job_id) => {
        for (const segment of range(WORKERS)) {
          const counts = { ...NO_COUNTS, read: second };
          await jobs.putProgress({
            ...progress,
            job_id,
            segment,
            seq: second,
            counts,
            updated_at: clock().toISOString(),
          });
          if (beats) meters.second += 0;
          await jobs.heartbeat(job_id, 1, new Date(clock().getTime() + (beats ? segment * 61_000 : 0)).toISOString());
        }
        if (beats) return;
      });
    }
  };
  await work(false);
  note(`${started.length} jobs work, ${WORKERS} workers each, a second (3 of them)`);
  await work(true);
  note('the same, where every sign of life is stored (as before)');

  meters.second += 1;
  const sweep = performance.now();
  const live = await jobs.listToSweep();
  note(`the sweeper's minute: ${live.length} jobs are read, ${live.length} executions asked for`, [
    performance.now() - sweep,
  ]);

  meters.second += 1;
  const failed = await pages({ state: 'failed' });
  note(`listed by state (none is), ${failed.length} calls, one a second`, failed);

  const environments = registryItems<Environment>(at('registry'), 'environment');
  await sideBySide(range(count), AT_ONCE, (i) => environments.put(`e${i}`, sampleEnvironment({ name: `e${i}` })));
  meters.reset();
  dynamo.calls.length = 0;
  meters.second += 1;
  const rules = performance.now();
  await environments.list();
  note(`one start: rules of ${count} environments are read`, [performance.now() - rules]);

  const schedules = ports.schedules;
  const runs = range(20).map((i) => ({
    due: `2026-11-0${i}`,
    at: `2026-11-0${i}`,
    outcome: 'started' as const,
    job_id: randomUUID(),
  }));
  await sideBySide(range(count), AT_ONCE, (i) => schedules.create(sampleSchedule({ name: nameOf(i), runs })));
  meters.reset();
  dynamo.calls.length = 0;
  meters.second += 1;
  const tend = performance.now();
  await schedules.list();
  note(`all ${count} schedules are read: once an hour (each minute, before)`, [performance.now() - tend]);
  meters.second += 1;
  const few = performance.now();
  await schedules.listToTend();
  note(`the minute's look at those of ${count} schedules that want it`, [performance.now() - few]);
  meters.second += 1;
  const one = sampleSchedule({ name: nameOf(0), runs });
  await schedules.get(one.name);
  await schedules.advance({ ...withRun(one, { due: 'now', at: 'now', outcome: 'starting' }), seq: 3 });
  await schedules.advance({ ...withRun(one, { due: 'now', at: 'now', outcome: 'started' }), seq: 4 });
  const perRun = meters.total('writes');
  note('one scheduled run, but for its job');
  const spreads = [
    ['spread_minutes', 'starts a second', 'writes a second of the partition of schedules', 'of its limit'],
  ];
  for (const minutes of [0, 1, 15, 60]) {
    // EventBridge Scheduler invokes at most so many targets a second in most regions
    const rate = minutes === 0 ? Math.min(count, 500) : count / (minutes * 60);
    spreads.push([String(minutes), round(rate), round(rate * perRun), `${round((rate * perRun * 100) / 1_000)} %`]);
  }
  return [
    `${count} pairs, ${atOnce} jobs at once; units of DynamoDB counted by capacity.ts, a partition takes 1,000 writes or 3,000 reads a second; ms on an emulator, for a call`,
    table(rows),
    `${count} schedules due at the same minute, each writing ${round(perRun)} units`,
    table(spreads),
  ].join('\n\n');
}

const notHere = async (): Promise<never> => {
  throw new Error('not part of this bench');
};

const progress = {
  epoch: 1,
  table: 0,
  pass: 'apply' as const,
  finished: false,
};
