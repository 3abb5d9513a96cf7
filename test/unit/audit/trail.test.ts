import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { append, catchUp, drain, type Outbox } from '../../../lib/audit/trail.ts';
import { type AuditEvent, eventId } from '../../../lib/model/audit-event.ts';
import type { AuditLog } from '../../../lib/ports.ts';
import { memoryAuditLog } from '../../contract/memory.ts';
import { faultsOf, trailOf } from '../../support/trail.ts';

const JOB = randomUUID();

const event = (stream: string, seq: number, type = 'chunk.applied'): AuditEvent => ({
  job_id: JOB,
  stream,
  seq,
  type,
  at: '2026-11-23T10:00:00.000Z',
  actor: 'tester',
  data: { seq },
});

/** An outbox as the target keeps it: peeked in stream order, a few at a time. */
function outboxOf(waiting: Map<string, AuditEvent>, round: number): Outbox {
  return {
    peek: async () =>
      [...waiting.values()]
        .sort((a, b) => (a.stream === b.stream ? a.seq - b.seq : a.stream < b.stream ? -1 : 1))
        .slice(0, round),
    trim: async (events) => {
      for (const e of events) waiting.delete(eventId(e));
    },
  };
}

class Killed extends Error {}

/** A step of one process: it may die before it, or after it, before it hears of it. */
type Fate = 'lives' | 'dies before' | 'dies after';

interface Turns {
  schedule<T>(work: Promise<T>): Promise<T>;
}

/** Every call of a store waits for its turn, and its answer too; the process may die around it. */
function turned<T extends object>(store: T, turns: Turns, fate: () => Fate): T {
  return new Proxy(store, {
    get: (of, key) => {
      const method = Reflect.get(of, key) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await turns.schedule(Promise.resolve());
        const what = fate();
        if (what === 'dies before') throw new Killed();
        const answer = await method.apply(of, args);
        await turns.schedule(Promise.resolve());
        if (what === 'dies after') throw new Killed();
        return answer;
      };
    },
  });
}

const fates = fc.infiniteStream(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<Fate>('lives') },
    { weight: 1, arbitrary: fc.constant<Fate>('dies before') },
    { weight: 1, arbitrary: fc.constant<Fate>('dies after') },
  ),
);

const world = fc.record({
  turns: fc.scheduler(),
  fates,
  streams: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
  drainers: fc.integer({ min: 1, max: 6 }),
  notes: fc.integer({ min: 0, max: 4 }),
  round: fc.integer({ min: 1, max: 12 }),
});

async function play(w: typeof world extends fc.Arbitrary<infer W> ? W : never, log: AuditLog) {
  const waiting = new Map<string, AuditEvent>();
  const wanted: string[] = [];
  const outbox = outboxOf(waiting, w.round);
  const fate = () => w.fates.next().value ?? 'lives';
  const nothingThrows = async (work: Promise<unknown>) => {
    await work.catch((error) => {
      if (!(error instanceof Killed)) throw error;
    });
  };
  const produce = w.streams.map(async (n, s) => {
    for (let seq = 1; seq <= n; seq++) {
      await w.turns.schedule(Promise.resolve());
      const e = event(`t${s}/apply/0`, seq, seq % 7 === 0 ? 'healing.looked_again' : 'chunk.applied');
      waiting.set(eventId(e), e);
      wanted.push(eventId(e));
    }
  });
  const drainers = Array.from({ length: w.drainers }, async () => {
    const own = () => drain(turned(log, w.turns, fate), JOB, turned(outbox, w.turns, fate), () => true);
    for (let life = 0; life < 3; life++) await nothingThrows(own());
  });
  const told: string[] = [];
  const notes = Array.from({ length: w.notes }, async (_, i) => {
    const e = event(`healing/20261123T100000000Z/${i}`, 1, 'healing.step_retried');
    await nothingThrows(append(turned(log, w.turns, fate), JOB, [e]).then(() => told.push(eventId(e))));
  });
  await w.turns.waitFor(Promise.all([...produce, ...drainers, ...notes]));
  await drain(log, JOB, outbox, () => true);
  return { waiting, wanted, told, head: await catchUp(log, JOB, await log.head(JOB), outbox) };
}

test('whoever writes at once, dies or wakes up late: the trail is whole, and has each event once', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (w) => {
      const log = memoryAuditLog();
      const { waiting, wanted, told, head } = await play(w, log);

      const trail = await trailOf(log, JOB);
      const ids = trail.map((e) => e.id);
      expect(await faultsOf(log, JOB)).toEqual([]);
      expect(trail.map((e) => e.seq)).toEqual(trail.map((_, i) => i + 1));
      expect(new Set(ids).size).toBe(ids.length);
      expect(waiting.size).toBe(0);
      expect(ids.filter((id) => !id.startsWith('healing/')).sort()).toEqual(wanted.sort());
      expect(ids).toEqual(expect.arrayContaining(told));
      expect(head).toMatchObject({ events: trail.length, hash: trail.at(-1)?.hash });
      const healing = trail
        .filter((e) => e.type.startsWith('healing.'))
        .map(({ at, type, data }) => ({ at, type, data }));
      expect(head.healing).toEqual(healing.reverse().slice(0, 20));
    }),
    { numRuns: 500 },
  );
});

test('an event that is not kept leaves the outbox and takes no number', async () => {
  const log = memoryAuditLog();
  const all = Array.from({ length: 30 }, (_, i) =>
    event('t0/apply/0', i + 1, i % 3 === 0 ? 'job.failed' : 'chunk.applied'),
  );
  const waiting = new Map(all.map((e) => [eventId(e), e]));

  await drain(log, JOB, outboxOf(waiting, 7), (e) => e.type === 'job.failed');

  expect(waiting.size).toBe(0);
  expect((await trailOf(log, JOB)).map((e) => [e.seq, e.type])).toEqual(
    Array.from({ length: 10 }, (_, i) => [i + 1, 'job.failed']),
  );
});

test('behind a tail that was cut off writers leave the gap, so that verify sees it', async () => {
  const log = memoryAuditLog();
  await append(log, JOB, [event('job', 1), event('job', 2)]);
  const cut: AuditLog = { ...memoryAuditLog(), head: log.head, moveHead: log.moveHead };

  await append(cut, JOB, [event('job', 3)]);

  expect((await trailOf(cut, JOB)).map((e) => e.seq)).toEqual([3]);
  expect(await faultsOf(cut, JOB)).toMatchObject([{ code: 'missing', seq: 1 }]);
});
