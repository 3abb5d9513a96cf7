import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../lib/model/audit-event.ts';
import { drainOutbox } from '../../../lib/orchestrator/drain-outbox.ts';
import type { AuditLog, TargetDatabase } from '../../../lib/ports.ts';

function outboxOf(events: number) {
  let open = Array.from(
    { length: events },
    (_, i) => ({ stream: 't0/apply/0', seq: i + 1, type: 'chunk.applied' }) as AuditEvent,
  ); // what draining looks at
  const target = {
    peekOutbox: async (_job: string, most: number) => open.slice(0, most),
    trimOutbox: async (_job: string, some: readonly AuditEvent[]) => {
      open = open.filter((e) => !some.includes(e));
    },
  } as unknown as TargetDatabase; // what draining asks for
  return { target, left: () => open.map((e) => e.seq) };
}

test('an audit table that refuses every third call still empties the outbox, and stores no event twice', async () => {
  const { target, left } = outboxOf(1_200);
  const stored: number[] = [];
  let calls = 0;
  const audit = {
    async append(events: readonly AuditEvent[]) {
      calls += 1;
      if (calls % 3 === 0) throw new Error('throttled');
      stored.push(...events.map((e) => e.seq));
    },
  } as unknown as AuditLog; // what draining asks for

  let tries = 0;
  while (left().length > 0) {
    tries += 1;
    expect(tries).toBeLessThan(100);
    await drainOutbox(target, audit, 'job', 'detailed').catch(() => undefined);
  }

  expect(stored).toEqual(Array.from({ length: 1_200 }, (_, i) => i + 1));
});

test('an event that was not stored stays in the outbox', async () => {
  const { target, left } = outboxOf(40);
  const audit = { append: () => Promise.reject(new Error('away')) } as unknown as AuditLog; // what draining asks for

  await expect(drainOutbox(target, audit, 'job', 'detailed')).rejects.toThrow('away');

  expect(left()).toHaveLength(40);
});
