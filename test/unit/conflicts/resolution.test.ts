import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { onFailpoint } from '../../../lib/failpoint.ts';
import type { Conflict } from '../../../lib/model/conflict.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import type { IfMoved, ResolutionDecision, ResolutionFilter } from '../../../lib/model/resolution.ts';
import { cancelResolution } from '../../../lib/orchestrator/cancel-resolution.ts';
import { startResolution } from '../../../lib/orchestrator/start-resolution.ts';
import { stepResolution } from '../../../lib/orchestrator/step-resolution.ts';
import { decideResolution, sweepResolutions } from '../../../lib/orchestrator/sweep-resolutions.ts';
import type { Databases } from '../../../lib/ports.ts';
import { memoryAuditLog, memoryConflictStore, memoryJobStore, memoryResolutionStore } from '../../contract/memory.ts';
import { sampleConflict, sampleJob } from '../../contract/samples.ts';
import { fakeResolver } from '../../support/fake-resolver.ts';
import { memoryLog, memorySecrets } from '../../support/memory-ports.ts';

afterEach(() => onFailpoint(undefined));

const KILLED = new Error('killed');

/** A job with conflicts in store and target; `decide` may be broken. */
async function setUp(count: number, over: (i: number) => Partial<Conflict> = () => ({})) {
  const job = sampleJob({ state: 'completed_with_issues' });
  const conflicts = Array.from({ length: count }, (_, i) =>
    sampleConflict(job.job_id, {
      opened_at: new Date(Date.UTC(2026, 10, 23, 10) + i).toISOString(),
      prints: { source: `s${i}`, target: `t${i}` },
      ...over(i),
    }),
  );
  const store = memoryConflictStore();
  const engine = fakeResolver(conflicts, store);
  await store.put(conflicts);
  const jobs = memoryJobStore();
  await jobs.create(job);
  const sent: string[] = [];
  let now = Date.UTC(2026, 10, 23, 12);
  const ports = {
    jobs,
    conflicts: store,
    resolutions: memoryResolutionStore(),
    queue: { send: async (id: string) => void sent.push(id) },
    secrets: memorySecrets(),
    audit: memoryAuditLog(),
    databases: {} as Databases, // the fake engine opens none
    log: memoryLog(),
    clock: () => new Date(now),
    decide: engine.decideMany,
    remainingMs: () => 30_000,
    get stepId() {
      return randomUUID();
    },
  };
  const start = (
    decision: ResolutionDecision = { side: 'source' },
    filter: ResolutionFilter = {},
    expectedCount = count,
    ifMoved: IfMoved = 'leave',
  ) =>
    startResolution(
      {
        resolutionId: randomUUID(),
        jobId: job.job_id,
        filter,
        decision,
        ifMoved,
        expectedCount,
        actor: 'ada',
        note: 'agreed',
      },
      ports,
    );
  return {
    job,
    conflicts,
    engine,
    store,
    ports,
    sent,
    start,
    async start2end(decision?: ResolutionDecision, filter?: ResolutionFilter, expected?: number) {
      const { resolution_id } = await start(decision, filter, expected);
      await stepResolution(resolution_id, ports);
      return ports.resolutions.get(resolution_id);
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;
const writesOnce = ({ engine, conflicts }: SetUp) =>
  expect(conflicts.map((c) => engine.writes.get(c.conflict_id))).toEqual(conflicts.map(() => 1));

describe('an order to decide many conflicts', () => {
  it('decides each of them once, over many pages, and says so in their records', async () => {
    const s = await setUp(2_345);

    const done = await s.start2end();

    expect(done).toMatchObject({ state: 'completed', listed: 2_345, counts: { applied: 2_345, stale: 0, failed: 0 } });
    expect(done?.ended_at).toBeDefined();
    writesOnce(s);
    const stored = await s.store.get(s.conflicts[7]?.conflict_id ?? '');
    expect(stored).toMatchObject({
      state: 'resolved',
      decision: { actor: 'ada', note: `agreed (resolve-all ${done?.resolution_id})` },
    });
    expect(await s.store.count({ job_id: s.job.job_id, state: 'open' })).toBe(0);
  });

  it('means the filter, and no conflict of another job', async () => {
    const s = await setUp(10, (i) => ({
      table: i % 2 ? 'public.a' : 'public.b',
      ...(i === 9 && { opened_by: randomUUID(), seen_by: randomUUID() }),
    }));

    const done = await s.start2end({ side: 'target' }, { table: 'public.a' }, 4);

    expect(done).toMatchObject({ state: 'completed', counts: { applied: 4 } });
    expect(s.engine.writes.size).toBe(4);
  });

  it.each([0, 2, 4, 1_000])('is refused where %i are expected and 3 are open', async (expected) => {
    const s = await setUp(3);

    await expect(s.start({ side: 'source' }, {}, expected)).rejects.toMatchObject({
      code: 'count_changed',
      facts: { expected, found: 3 },
    });
    expect(s.sent).toEqual([]);
  });

  it('of no conflicts is completed at once', async () => {
    const s = await setUp(3);

    expect(await s.start2end({ side: 'source' }, { table: 'public.none' }, 0)).toMatchObject({
      state: 'completed',
      listed: 0,
    });
  });

  it('leaves conflicts alone that are opened after it', async () => {
    const s = await setUp(3);
    const { resolution_id } = await s.start();
    const late = sampleConflict(s.job.job_id, { opened_at: '2026-11-23T10:30:00.000Z' });
    s.engine.add([late]);
    await s.store.put([late]);

    await stepResolution(resolution_id, s.ports);

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({ state: 'completed', counts: { applied: 3 } });
    expect((await s.store.get(late.conflict_id))?.state).toBe('open');
  });

  it('decides nothing where more are listed than were expected', async () => {
    const s = await setUp(3);
    const { resolution_id } = await s.start();
    const hidden = sampleConflict(s.job.job_id, { opened_at: s.conflicts[0]?.opened_at ?? '' }); // older, drained late
    await s.store.put([hidden]);

    await stepResolution(resolution_id, s.ports);

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({ state: 'refused', counts: { applied: 0 } });
    expect(s.engine.writes.size).toBe(0);
  });

  it('leaves open what has moved, what somebody decided and what cannot be decided so', async () => {
    const s = await setUp(6);
    const [moved, refreshed, other, seen] = s.conflicts as [Conflict, Conflict, Conflict, Conflict];
    s.engine.move(moved.conflict_id, 'target', 'elsewhere');
    const { resolution_id } = await s.start();
    onFailpoint((name) => {
      if (name !== 'resolution.listed') return undefined;
      return (async () => {
        const prints = { source: refreshed.prints.source, target: 'new' }; // a later job has seen it move
        s.engine.move(refreshed.conflict_id, 'target', 'new');
        await s.store.put([{ ...refreshed, version: 2, prints }]);
        await s.store.put([{ ...seen, version: 2, seen_by: randomUUID() }]); // a later job saw it as it was
        const grace = {
          conflict: other,
          decision: { side: 'target' },
          expected: other.prints,
          actor: 'grace',
        } as const;
        await s.engine.decide(grace);
      })();
    });

    await stepResolution(resolution_id, s.ports);

    const done = await s.ports.resolutions.get(resolution_id);
    expect(done).toMatchObject({
      state: 'completed',
      counts: { applied: 3, stale: 2, already_resolved: 1, failed: 0 },
      failures: [moved, refreshed].map((c) => ({ conflict_id: c.conflict_id, code: 'conflict_stale' })),
    });
    expect((await s.store.get(other.conflict_id))?.decision?.actor).toBe('grace');
    expect(s.engine.writes.get(moved.conflict_id)).toBeUndefined();
  });

  it('counts what the strategy leaves to people, and goes on', async () => {
    const s = await setUp(120);

    const done = await s.start2end({ strategy: 'manual' });

    expect(done).toMatchObject({ state: 'completed', counts: { applied: 0, failed: 120 } });
    expect(done?.failures).toHaveLength(50);
    expect(done?.failures[0]?.code).toBe('decision_invalid');
  });
});

describe('a step of it', () => {
  /** Steps again and again as the queue does; a death ends a step. */
  async function steps(id: string, s: SetUp, most = 1_000) {
    let deaths = 0;
    for (let n = 0; n < most; n++) {
      try {
        if (!(await stepResolution(id, s.ports)).again) return { deaths, n };
      } catch (error) {
        if (error !== KILLED) throw error;
        deaths += 1;
      }
    }
    throw new Error('it never ends');
  }

  it.each(['resolution.listed', 'resolution.decided'] as const)(
    'may die at %s again and again: each conflict is decided once and counted once',
    async (moment) => {
      const s = await setUp(1_200);
      const { resolution_id } = await s.start();
      let n = 0;
      onFailpoint((name) => {
        n += Number(name === moment);
        if (name === moment && n % (moment === 'resolution.listed' ? 2 : 3) === 1) throw KILLED;
        return undefined;
      });

      const { deaths } = await steps(resolution_id, s);

      expect(deaths).toBeGreaterThan(1);
      writesOnce(s);
      expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
        state: 'completed',
        listed: 1_200,
        counts: { applied: 1_200, stale: 0, already_resolved: 0, failed: 0 },
      });
    },
  );

  it('may be done by several at once', async () => {
    const s = await setUp(1_500);
    const { resolution_id } = await s.start();

    let asked = 0;
    const decide: typeof s.engine.decideMany = (requests) => {
      asked += requests.length;
      return s.engine.decideMany(requests);
    };

    await Promise.all(
      [1, 2, 3, 4].map(() => stepResolution(resolution_id, { ...s.ports, decide, stepId: randomUUID() })),
    );
    await steps(resolution_id, s);

    expect(asked).toBeLessThanOrEqual(1_500 + 3 * 250); // who is slower drops out after a stride
    writesOnce(s);
    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'completed',
      counts: { applied: 1_500, stale: 0, already_resolved: 0, failed: 0 },
    });
  });

  it('ends before its time is up and goes on in the next', async () => {
    const s = await setUp(1_100);
    const { resolution_id } = await s.start();
    let left = 0;
    const ports = { ...s.ports, remainingMs: () => 12_000 + left-- };

    let n = 0;
    for (let again = true; again; n++) {
      left = 2;
      ({ again } = await stepResolution(resolution_id, ports));
    }

    expect(n).toBeGreaterThan(2);
    writesOnce(s);
  });

  it('waits for a table that a job holds, and goes on when it is free', async () => {
    const s = await setUp(600);
    const { resolution_id } = await s.start();
    let met = 0;
    const busy = {
      ...s.ports,
      decide: async (requests: Parameters<typeof s.engine.decideMany>[0]) => {
        met += 1;
        if (met === 1) return s.engine.decideMany(requests);
        await s.engine.decideMany(requests.slice(0, 30)); // and then a job takes the next table
        throw new SyncError('target_busy', 'A job holds the table.');
      },
    };

    expect(await stepResolution(resolution_id, busy)).toEqual({ again: true, afterSeconds: 30 });
    const waiting = await s.ports.resolutions.get(resolution_id);
    expect(waiting).toMatchObject({ state: 'deciding', counts: { applied: 250 }, waits: { code: 'target_busy' } });
    s.pass(3_600_000);
    expect(await stepResolution(resolution_id, busy)).toEqual({ again: true, afterSeconds: 30 });
    expect((await s.ports.resolutions.get(resolution_id))?.waits?.since).toBe(waiting?.waits?.since);

    await stepResolution(resolution_id, s.ports);

    const done = await s.ports.resolutions.get(resolution_id);
    expect(done).toMatchObject({ state: 'completed', counts: { applied: 600, already_resolved: 0 } });
    expect(done).not.toHaveProperty('waits');
    writesOnce(s);
  });

  it.each([
    ['target_busy', 25 * 3_600_000],
    ['connection_auth_failed', 0],
    ['internal', 0],
  ] as const)('gives up on %s, with the reason; the rest stays open', async (code, afterMs) => {
    const s = await setUp(5);
    const { resolution_id } = await s.start();
    const broken = { ...s.ports, decide: () => Promise.reject(new SyncError(code, 'because')) };
    if (afterMs > 0) await stepResolution(resolution_id, broken);
    s.pass(afterMs);

    expect(await stepResolution(resolution_id, broken)).toEqual({ again: false });

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'failed',
      failure: { code, message: 'because' },
      counts: { applied: 0 },
    });
    expect(await s.store.count({ job_id: s.job.job_id, state: 'open' })).toBe(5);
  });

  it('does nothing once it has ended, and for an id nobody knows', async () => {
    const s = await setUp(1);
    const done = await s.start2end();

    expect(await stepResolution(done?.resolution_id ?? '', s.ports)).toEqual({ again: false });
    expect(await stepResolution(randomUUID(), s.ports)).toEqual({ again: false });
    writesOnce(s);
  });
});

describe('cancelling it', () => {
  const by = (s: SetUp, resolutionId: string) =>
    cancelResolution({ resolutionId, jobId: s.job.job_id, actor: 'grace' }, s.ports);

  it('ends it while a step decides: what that decides is counted, and nothing is decided after', async () => {
    const s = await setUp(900);
    const { resolution_id } = await s.start();
    let batches = 0;
    const ports = {
      ...s.ports,
      decide: async (requests: Parameters<typeof s.engine.decideMany>[0]) => {
        batches += 1;
        if (batches === 2) expect((await by(s, resolution_id)).counts.applied).toBe(250);
        return s.engine.decideMany(requests);
      },
    };

    expect(await stepResolution(resolution_id, ports)).toEqual({ again: false });
    expect(await stepResolution(resolution_id, ports)).toEqual({ again: false });

    expect(batches).toBe(2);
    expect(s.engine.writes.size).toBe(500);
    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'cancelled',
      cancelled_by: 'grace',
      counts: { applied: 500, stale: 0, already_resolved: 0, failed: 0 },
    });
    expect(await s.store.count({ job_id: s.job.job_id, state: 'open' })).toBe(400);
  });

  it('does not count a stride twice where two steps had it', async () => {
    const s = await setUp(300);
    const { resolution_id } = await s.start();
    const late: (() => Promise<unknown>)[] = [];
    const ports = {
      ...s.ports,
      decide: async (requests: Parameters<typeof s.engine.decideMany>[0]) => {
        const decisions = await s.engine.decideMany(requests);
        if (late.length === 0) {
          const other = stepResolution(resolution_id, { ...s.ports, stepId: randomUUID() });
          late.push(() => other);
          await other;
        }
        return decisions;
      },
    };

    await stepResolution(resolution_id, ports);

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'completed',
      counts: { applied: 300 },
    });
    await expect(by(s, resolution_id)).rejects.toMatchObject({ code: 'state_conflict', facts: { state: 'completed' } });
  });

  it('ends one that waits, and one that is still listed', async () => {
    const s = await setUp(3);
    const { resolution_id } = await s.start();

    const cancelled = await by(s, resolution_id);

    expect(cancelled).toMatchObject({ state: 'cancelled', counts: { applied: 0 } });
    expect(await by(s, resolution_id)).toEqual(cancelled);
    expect(await stepResolution(resolution_id, s.ports)).toEqual({ again: false });
    expect(s.engine.writes.size).toBe(0);
    await expect(by(s, randomUUID())).rejects.toMatchObject({ code: 'resolution_not_found' });
  });
});

describe('an order that says what to do with what has moved', () => {
  it('decides it on what it is now', async () => {
    const s = await setUp(3);
    const [moved, refreshed] = s.conflicts as [Conflict, Conflict];
    s.engine.move(moved.conflict_id, 'target', 'elsewhere');
    const { resolution_id } = await s.start({ side: 'source' }, {}, 3, 'decide');
    onFailpoint((name) => {
      if (name !== 'resolution.listed') return undefined;
      s.engine.move(refreshed.conflict_id, 'target', 'new');
      const prints = { source: refreshed.prints.source, target: 'new' };
      return s.store.put([{ ...refreshed, version: 2, prints }]);
    });

    await stepResolution(resolution_id, s.ports);

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'completed',
      counts: { applied: 3, stale: 0, already_resolved: 0, failed: 0 },
    });
    writesOnce(s);
  });
});

describe('a statement that takes too long', () => {
  it('makes the batches smaller, at once, and then larger again', async () => {
    const s = await setUp(1_000);
    const { resolution_id } = await s.start();
    const sizes: number[] = [];
    const ports = {
      ...s.ports,
      decide: async (requests: Parameters<typeof s.engine.decideMany>[0]) => {
        sizes.push(requests.length);
        if (requests.length > 100) throw new SyncError('statement_timeout', 'Too long.');
        return s.engine.decideMany(requests);
      },
    };

    for (let again = true, n = 0; again && n < 100; n++) {
      const outcome = await stepResolution(resolution_id, ports);
      if (outcome.again) expect(outcome.afterSeconds).toBe(0);
      again = outcome.again;
    }

    expect(sizes.slice(0, 4)).toEqual([250, 62, 124, 31]);
    expect(Math.max(...sizes)).toBe(250);
    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'completed',
      counts: { applied: 1_000 },
    });
    writesOnce(s);
  });
});

describe('the sweeper', () => {
  const now = new Date('2026-11-23T12:00:00.000Z');
  const silentFor = (minutes: number) => ({ updated_at: new Date(now.getTime() - minutes * 60_000).toISOString() });

  it.each([
    [0, 'leave'],
    [2.9, 'leave'],
    [3, 'send'],
    [4, 'leave'],
    [8.5, 'send'],
    [24 * 60 - 1, 'leave'],
    [24 * 60, 'give_up'],
  ] as const)('makes of an order that is silent for %d minutes: %s', (minutes, expected) => {
    expect(decideResolution(silentFor(minutes), now)).toBe(expected);
  });

  it('sends the message of an order again that was lost', async () => {
    const s = await setUp(3);
    const queue = { send: () => Promise.reject(new SyncError('unavailable', 'queue')) };
    const { resolution_id } = await startResolution(
      {
        resolutionId: randomUUID(),
        jobId: s.job.job_id,
        filter: {},
        decision: { side: 'source' },
        expectedCount: 3,
        actor: 'ada',
      },
      { ...s.ports, queue },
    );
    s.pass(3 * 60_000);

    await sweepResolutions(s.ports);

    expect(s.sent).toEqual([resolution_id]);
  });

  it('gives an order up that nobody could work on for a day', async () => {
    const s = await setUp(3);
    const { resolution_id } = await s.start();
    s.pass(24 * 3_600_000);

    await sweepResolutions(s.ports);

    expect(await s.ports.resolutions.get(resolution_id)).toMatchObject({
      state: 'failed',
      failure: { code: 'worker_lost' },
    });
    expect(await s.ports.resolutions.unfinished()).toEqual([]);
    expect(await stepResolution(resolution_id, s.ports)).toEqual({ again: false });
    expect(s.engine.writes.size).toBe(0);
  });
});
