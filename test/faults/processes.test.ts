import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detectionStrategyNames } from '../../lib/change-detector/registry.ts';
import { ENDED_STATES } from '../../lib/model/job.ts';
import { until } from '../e2e/support.ts';
import type { TestPair } from '../support/databases.ts';
import { allowance, asked, seeds } from './levels.ts';
import { type AwsWires, awsWires } from './processes/aws-wire.ts';
import { judge, pairFor, type Size, startOrdered } from './processes/jobs.ts';
import { type Order, obeyed } from './processes/orders.ts';
import { freezeSome, killEverywhere, sizeFor } from './processes/plan.ts';
import { type BreakableService, breakableService } from './processes/service.ts';
import { seeded } from './random.ts';
import { Broken, hit, newTally } from './tally.ts';
import { printTotals } from './totals.ts';

const { level, seed, from, kills, frozen, aws } = asked();

/** A job is started when fewer than these run: each takes some connections and two sessions of the test's own. */
const AT_ONCE = 8;
const MAX_MS = 1_800_000;
/** Told from the queue's own 900 s, in which a message that nobody keeps invisible comes back; how fast it is, the totals say. */
const RECOVERED_MS = 600_000;

const tally = newTally();
const recoveredMs: number[] = [];
let wires: AwsWires;
let broken: BreakableService;
beforeAll(async () => {
  wires = awsWires();
  broken = await breakableService({ through: wires.through });
});
afterAll(async () => {
  await broken[Symbol.asyncDispose]();
  await wires[Symbol.asyncDispose]();
  const sorted = recoveredMs.sort((a, b) => a - b);
  const seconds = (share: number) => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1);
  printTotals(level, { processes: tally }, [
    `a table goes on ${seconds(0.5)} s after its worker was killed (median of ${sorted.length}), ${seconds(1)} s at most`,
  ]);
});

interface Schedule {
  readonly what: string;
  readonly size: Size;
  readonly orders: readonly Order[];
  readonly config?: object;
  /** Rows of the target that differ are none where the strategy does not look at values. */
  readonly stale?: boolean;
  /** While the job runs, once a second. */
  readonly meanwhile?: (jobId: string) => void;
  /** When it has ended, before it is judged. */
  readonly afterwards?: (jobId: string) => Promise<unknown>;
}

/** Runs jobs, some at once; says of each that broke how. */
async function runAll(schedules: readonly Schedule[]): Promise<readonly string[]> {
  const bad: string[] = [];
  const running = new Set<Promise<void>>();
  const goOn = allowance();
  for (const [i, schedule] of schedules.entries()) {
    if (i < from - 1) continue; // an earlier run had it
    if (!goOn()) {
      console.log(`processes: ${schedules.length - i} of ${schedules.length} left; --from ${i + 1} goes on there`);
      break;
    }
    while (running.size >= AT_ONCE) await Promise.race(running);
    const pair = await pairFor(schedule.size, schedule.stale);
    const jobId = await startOrdered(broken, pair, schedule.size, schedule.orders, schedule.config);
    const one = finish(schedule, pair, jobId)
      .catch((error: Error) => {
        console.log(broken.told(jobId));
        tally[error instanceof Broken ? error.kind : 'wrongEnds'] += 1;
        bad.push(`${schedule.what}: ${error.message}`);
      })
      .finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
  return bad;
}

async function finish(schedule: Schedule, pair: TestPair, jobId: string): Promise<void> {
  await using _pair = pair;
  const { orders, meanwhile, afterwards } = schedule;
  await until(
    `job ${jobId} to end`,
    async () => {
      meanwhile?.(jobId);
      const { state, pause } = await broken.status(jobId);
      return ENDED_STATES.includes(state) || (state === 'paused' && !pause?.probe_at); // one that looks again goes on
    },
    MAX_MS,
    1_000,
  );
  tally.schedules += 1;
  await afterwards?.(jobId);
  for (const { name, action, pass = 'prepare' } of orders) {
    if (action === 'kill') tally.kills += 1;
    hit(tally, `${action === 'kill' ? 'kill -9' : 'SIGSTOP'} at ${name}, ${pass}`);
  }
  await noteRecovery(pair, jobId);
  await judge(broken, pair, schedule, jobId);
  expect(obeyed(broken.orders, jobId).open, 'moments that nobody came to').toEqual([]);
}

/** How long after each kill the table was written to again, where it had rows left to write. */
async function noteRecovery(pair: TestPair, jobId: string): Promise<void> {
  for (const file of readdirSync(join(broken.orders, jobId))) {
    const [, table] = /^segment-(\d+)-apply-/.exec(file) ?? [];
    if (table === undefined) continue;
    const killedAt = statSync(join(broken.orders, jobId, file)).ctimeMs; // renamed by the process as it died
    const { rows } = await pair.target.client.query(
      `select extract(epoch from min(at)) * 1000 - $2 as ms from writes where t = $1 and extract(epoch from at) * 1000 > $2`,
      [`t${table}`, killedAt],
    );
    if (rows[0].ms !== null) recoveredMs.push(Number(rows[0].ms));
  }
}

/** Lets the frozen processes of a job go on; which they are. */
function wake(jobId: string): readonly number[] {
  const alive = broken.service.processes().map((p) => p.pid);
  const frozenOnes = obeyed(broken.orders, jobId).pids.filter((pid) => alive.includes(pid));
  for (const pid of frozenOnes) process.kill(pid, 'SIGCONT');
  return frozenOnes;
}

/** Each failpoint at each chunk of `apply`, and in the passes that delete and verify. */
function killings(): readonly Schedule[] {
  const size = sizeFor(Math.max(...kills.chunks));
  const apply = kills.chunks.map((chunk) => ({ pass: 'apply' as const, chunk }));
  const others = Array.from({ length: kills.others }, () =>
    (['delete', 'verify'] as const).map((pass) => ({ pass, chunk: 1 })),
  );
  return detectionStrategyNames.slice(0, kills.strategies).flatMap((strategy) =>
    [...apply, ...others.flat()].map(({ pass, chunk }) => ({
      what: `${strategy}, ${pass}, chunk ${chunk}`,
      size,
      orders: killEverywhere(pass, chunk),
      config: { detection_strategy: strategy },
      stale: strategy !== 'primary_key',
    })),
  );
}

/** Workers that stop in the middle of something, and go on while others do their work, or when it is done. */
function freezing(s: number): Schedule {
  const random = seeded(s);
  const orders = freezeSome(random, 10);
  const afterMs = 1_000 * (20 + random.below(60));
  let first: number | undefined;
  return {
    what: `SEED=${s} (npm run faults -- --suite processes --seed ${s})`,
    size: sizeFor(10),
    orders,
    meanwhile(jobId) {
      first ??= Date.now();
      if (Date.now() - first > afterMs) wake(jobId);
    },
    async afterwards(jobId) {
      const woken = wake(jobId);
      const busy = () => broken.service.processes().filter((p) => p.busy && woken.includes(p.pid));
      await until('the woken to be done', () => busy().length === 0, 120_000);
    },
  };
}

describe('processes', () => {
  test('killed or frozen at any moment cost time, and no row', { timeout: 12 * 3_600_000 }, async () => {
    const schedules = [...killings()];
    for (const [i, s] of seeds(frozen, seed).entries()) schedules.splice(i * 5, 0, freezing(s)); // some all along

    expect(await runAll(schedules)).toEqual([]);
    expect(tally.kills).toBeGreaterThan(0);
    expect(Math.max(...recoveredMs)).toBeLessThan(RECOVERED_MS);
  });

  test('whose AWS endpoints throttle, refuse and lose answers come to their end', {
    timeout: 12 * 3_600_000,
  }, async () => {
    const size = sizeFor(5);
    const schedules = seeds(aws, seed).map((s): Schedule => {
      return { what: `SEED=${s} (npm run faults -- --suite processes --seed ${s})`, size, orders: [] };
    });
    wires.disturb(seeded(seed ?? 1));
    try {
      expect(await runAll(schedules)).toEqual([]);
    } finally {
      wires.disturb(undefined);
    }
    for (const [fault, n] of wires.injected) for (let i = 0; i < n; i++) hit(tally, fault);
    tally.duplicates += [...wires.injected].reduce((sum, [fault, n]) => sum + (/sent twice/.test(fault) ? n : 0), 0);
  });
});
