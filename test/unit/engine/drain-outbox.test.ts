import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../lib/model/audit-event.ts';
import { drainOutbox } from '../../../lib/orchestrator/drain-outbox.ts';
import type { AuditLog, TargetDatabase } from '../../../lib/ports.ts';
import { memoryAuditLog } from '../../contract/memory.ts';

const JOB = { job_id: 'job', config: { audit_level: 'detailed' } } as Parameters<typeof drainOutbox>[2]; // what draining looks at

function outboxOf(events: number) {
  let open = Array.from(
    { length: events },
    (_, i) =>
      ({
        job_id: 'job',
        stream: 't0/apply/0',
        seq: i + 1,
        type: 'chunk.applied',
        at: '2026-11-23T00:00:00.000Z',
        actor: 'service',
        data: {},
      }) as AuditEvent,
  );
  const target = {
    peekOutbox: async (_job: string, most: number) => open.slice(0, most),
    trimOutbox: async (_job: string, some: readonly Pick<AuditEvent, 'stream' | 'seq'>[]) => {
      const gone = new Set(some.map((e) => `${e.stream} ${e.seq}`));
      open = open.filter((e) => !gone.has(`${e.stream} ${e.seq}`));
    },
  } as unknown as TargetDatabase; // what draining asks for
  return { target, left: () => open.length };
}

test('an audit table that refuses every third write still empties the outbox, and stores no event twice', async () => {
  const { target, left } = outboxOf(1_200);
  const log = memoryAuditLog();
  let calls = 0;
  const audit: AuditLog = {
    ...log,
    async add(block) {
      calls += 1;
      if (calls % 3 === 0) throw new Error('throttled');
      return log.add(block);
    },
  };

  let tries = 0;
  while (left() > 0) {
    tries += 1;
    expect(tries).toBeLessThan(100);
    await drainOutbox(target, audit, JOB).catch(() => undefined);
  }

  const { blocks } = await log.blocks('job', 0, 1_000);
  const ids = blocks.flatMap((b) => (b.records ?? []).map((r) => r.id));
  expect(ids).toHaveLength(1_200);
  expect(new Set(ids).size).toBe(1_200);
});

test('an event that was not stored stays in the outbox', async () => {
  const { target, left } = outboxOf(40);
  const audit: AuditLog = { ...memoryAuditLog(), add: () => Promise.reject(new Error('away')) };

  await expect(drainOutbox(target, audit, JOB)).rejects.toThrow('away');

  expect(left()).toBe(40);
});
