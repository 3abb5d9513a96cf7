import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Detect } from '../../lib/change-detector/strategy.ts';
import { createPair } from '../support/databases.ts';
import { BREAKAGES, type Breakage } from './breakages.ts';
import { layOut, modelSchedule } from './model/schedule.ts';
import { findsExactly } from './properties/engine.ts';
import { startProxy } from './proxy.ts';
import { simulate } from './simulation/schedule.ts';
import { Broken, newTally } from './tally.ts';

// Suites that find nothing prove nothing. Here the service is broken on purpose, one mistake at a time, and the same suites
// with the same seeds must see it. Modules of lib are replaced in this file only.

const broken = vi.hoisted(() => ({ by: undefined as string | undefined }));

vi.mock('../../lib/postgres/checkpoint.ts', async (original) => {
  const real = await original<typeof import('../../lib/postgres/checkpoint.ts')>();
  return {
    ...real,
    fence: async (...args: Parameters<typeof real.fence>) => {
      if (broken.by !== 'no_fence') await real.fence(...args);
    },
    advance: async (...[session, id, seq, a]: Parameters<typeof real.advance>) => {
      if (broken.by === 'no_fence') {
        const stream = `t${id.table}/${id.pass}/${id.segment}`;
        await session.query('delete from tf_sync.outbox where job_id = $1 and stream = $2 and seq = $3', [
          id.jobId,
          stream,
          String(seq),
        ]);
        await session.query('update tf_sync.checkpoint set seq = $3 where job_id = $1 and stream = $2', [
          id.jobId,
          stream,
          String(seq - 1),
        ]);
      }
      await real.advance(session, id, seq, a);
    },
  };
});

vi.mock('../../lib/postgres/epoch.ts', async (original) => {
  const real = await original<typeof import('../../lib/postgres/epoch.ts')>();
  return { ...real, shareEpoch: (jobId: string) => (broken.by === 'no_fence' ? 'select 1' : real.shareEpoch(jobId)) };
});

vi.mock('../../lib/postgres/session.ts', async (original) => {
  const real = await original<typeof import('../../lib/postgres/session.ts')>();
  const asDate = (v: string | null) =>
    v !== null && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00$/.test(v)
      ? new Date(v.replace(' ', 'T').replace('+00', 'Z')).toISOString()
      : v;
  return {
    ...real,
    openSession: async (...args: Parameters<typeof real.openSession>) => {
      const session = await real.openSession(...args);
      if (broken.by !== 'date_timestamps') return session;
      return {
        ...session,
        query: async (text: string, values?: readonly unknown[]) =>
          (await session.query(text, values)).map((row) => row.map(asDate)),
      };
    },
  };
});

beforeEach(() => {
  broken.by = undefined;
});

const caught = new Map<Breakage, string>();
afterAll(() => {
  for (const [name, how] of caught) console.log(`  ${name.padEnd(22)} ${how}`);
  console.log(`negative controls: ${caught.size} of ${Object.keys(BREAKAGES).length} caught`);
});

/** After how many schedules of a suite the mistake is seen; throws when it is not. */
async function seen(by: Breakage, suite: string, most: number, one: (seed: number) => Promise<void>): Promise<Broken> {
  for (let seed = 1; seed <= most; seed++) {
    try {
      await one(seed);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const before = caught.get(by);
      caught.set(by, `${before ? `${before}; ` : ''}${suite} schedule ${seed}: ${error.message.slice(0, 90)}`);
      return error;
    }
  }
  throw new Error(`${most} schedules of ${suite} did not see it: ${BREAKAGES[by]}`);
}

const SIMULATED: readonly Breakage[] = [
  'no_fence',
  'fence_without_epoch',
  'checkpoint_elsewhere',
  'ack_before_commit',
  'no_compare_and_set',
  'ttl_as_lock',
  'swallowed_row_count',
];

describe('simulated', () => {
  test.each(SIMULATED)('%s is caught', async (by) => {
    expect(await seen(by, 'simulated', 400, (seed) => simulate(seed, newTally(), by))).toBeInstanceOf(Broken);
  });
});

/** Two streams sorted by the server, merged by the rules of a language: `B` then comes after `a`. */
const collationMerge: Detect = async function* (source, target) {
  const [s, t] = [await source.open([[0, 9]]), await target.open([[0, 9]])];
  const differences = [];
  let equal = 0;
  for (let i = 0, j = 0; i < s.length || j < t.length; ) {
    const [a, b] = [s[i], t[j]];
    const order = !a ? 1 : !b ? -1 : String(a.key[0]).localeCompare(String(b.key[0]), 'en');
    if (a && order < 0)
      differences.push({ kind: 'source_only' as const, bucket: 0, key: a.key, source: a.fingerprint });
    else if (b && order > 0)
      differences.push({ kind: 'target_only' as const, bucket: 0, key: b.key, target: b.fingerprint });
    else if (a && b && a.fingerprint === b.fingerprint) equal += 1;
    else if (a && b)
      differences.push({
        kind: 'both_differ' as const,
        bucket: 0,
        key: a.key,
        source: a.fingerprint,
        target: b.fingerprint,
      });
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
  yield { through: 9, equal, differences };
};

test('collation_merge is caught', async () => {
  await expect(findsExactly(collationMerge, 500, 1)).rejects.toThrow(/Property failed after/);
  caught.set('collation_merge', 'properties: what a strategy finds is exactly what differs');
});

describe('model, over real databases and the real SQL', () => {
  test.each(['no_fence', 'date_timestamps'] as const)('%s is caught', async (by) => {
    await using pair = await createPair();
    await using source = await startProxy(pair.source.connection);
    await using target = await startProxy(pair.target.connection);
    const bench = { pair, wires: { source, target }, rows: by === 'no_fence' ? 60 : 8 };
    await layOut(bench);
    broken.by = by;

    expect(await seen(by, 'model', 60, (seed) => modelSchedule(seed, bench, newTally()))).toBeInstanceOf(Broken);
  });
});
