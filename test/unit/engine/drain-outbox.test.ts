import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../lib/model/audit-event.ts';
import { drainOutbox } from '../../../lib/orchestrator/drain-outbox.ts';
import type { AuditLog, TargetDatabase } from '../../../lib/ports.ts';
import { memoryAuditLog } from '../../contract/memory.ts';
import { sampleJob } from '../../contract/samples.ts';
import { faultsOf, trailOf } from '../../support/trail.ts';

const base = sampleJob();
const job = { ...base, config: { ...base.config, audit_level: 'detailed' as const } };

function outboxOf(events: number) {
  let open = Array.from(
    { length: events },
    (_, i): AuditEvent => ({
      job_id: job.job_id,
      stream: 't0/apply/0',
      seq: i + 1,
      type: 'chunk.applied',
      at: '2026-11-23T10:00:00.000Z',
      actor: 'x',
      data: {},
    }),
  );
  const target = {
    peekOutbox: async (_job: string, most: number) => open.slice(0, most),
    trimOutbox: async (_job: string, some: readonly Pick<AuditEvent, 'seq'>[]) => {
      const gone = new Set(some.map((e) => e.seq));
      open = open.filter((e) => !gone.has(e.seq));
    },
  } as unknown as TargetDatabase; // what draining asks for
  return { target, left: () => open.map((e) => e.seq) };
}

/** An audit log each of whose calls may be refused. */
function refusing(log: AuditLog, refuses: () => boolean): AuditLog {
  const guarded =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      refuses() ? Promise.reject(new Error('throttled')) : call(...args);
  return {
    ...log,
    head: guarded(log.head),
    moveHead: guarded(log.moveHead),
    add: guarded(log.add),
    blocks: guarded(log.blocks),
  };
}

test('an audit table that refuses every third call still empties the outbox, and stores no event twice', async () => {
  const { target, left } = outboxOf(1_200);
  const log = memoryAuditLog();
  let calls = 0;
  const audit = refusing(log, () => ++calls % 3 === 0);

  let tries = 0;
  while (left().length > 0) {
    tries += 1;
    expect(tries).toBeLessThan(100);
    await drainOutbox(target, audit, job).catch(() => undefined);
  }

  expect((await trailOf(log, job.job_id)).map((e) => e.id)).toEqual(
    Array.from({ length: 1_200 }, (_, i) => `t0/apply/0#${i + 1}`),
  );
  expect(await faultsOf(log, job.job_id)).toEqual([]);
});

test('an event that was not stored stays in the outbox', async () => {
  const { target, left } = outboxOf(40);
  const audit = refusing(memoryAuditLog(), () => true);

  await expect(drainOutbox(target, audit, job)).rejects.toThrow('throttled');

  expect(left()).toHaveLength(40);
});
