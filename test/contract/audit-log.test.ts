import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoAuditLog } from '../../functions/aws/dynamo/audit-log.ts';
import { DeleteCommand, PutCommand, UpdateCommand } from '../../functions/aws/dynamo/document.ts';
import { link, START } from '../../lib/audit/chain.ts';
import { append, catchUp, drain, type Outbox } from '../../lib/audit/trail.ts';
import { type AuditBlock, type AuditEvent, type AuditRecord, eventId } from '../../lib/model/audit-event.ts';
import type { AuditLog } from '../../lib/ports.ts';
import { blocksOf, faultsOf, trailOf } from '../support/trail.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryAuditLog } from './memory.ts';

let dynamo: TestDynamo;
let audit = '';
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoLog(): Promise<AuditLog> {
  const names = await createTables(dynamo);
  audit = names.audit;
  const table = (name: string) => ({ name: () => name, client: () => dynamo.client });
  return dynamoAuditLog(table(names.audit), table(names.jobs));
}

function event(jobId: string, stream: string, seq: number, over: Partial<AuditEvent> = {}): AuditEvent {
  return {
    job_id: jobId,
    stream,
    seq,
    type: 'chunk.applied',
    at: '2026-11-23T10:00:00.000Z',
    actor: 'system',
    data: { inserted: 3, share: 0.1, big: 1e21, tables: ['public.pärcels'], nested: { a: null, b: true, c: '' } },
    ...over,
  };
}

/** Streams of events that wait, as in the target. */
function outboxOf(jobId: string, streams: number, each: number): Outbox & { readonly size: () => number } {
  const all = Array.from({ length: streams * each }, (_, i) =>
    event(jobId, `t${i % streams}/apply/0`, Math.floor(i / streams) + 1),
  );
  const waiting = new Map(all.map((e) => [eventId(e), e]));
  return {
    peek: async () => [...waiting.values()].slice(0, 40),
    trim: async (events) => {
      for (const e of events) waiting.delete(eventId(e));
    },
    size: () => waiting.size,
  };
}

const block = (jobId: string, records: readonly AuditRecord[], writer: string = randomUUID()): AuditBlock => ({
  job_id: jobId,
  writer,
  outbox: true,
  records: records as AuditBlock['records'], // the tests' lists are not empty
});

describe.each([
  ['memory', async () => memoryAuditLog()],
  ['DynamoDB', newDynamoLog],
])('an audit log in %s', (_name, make) => {
  let log: AuditLog;
  const jobId = randomUUID();
  const records = link(
    START,
    Array.from({ length: 25 }, (_, i) => event(jobId, 'job', i + 1)),
  );
  beforeEach(async () => {
    log = await make();
  });

  it('gives a place to one block; the others, and not its own writer, are told so', async () => {
    const [a, b] = [block(jobId, records.slice(0, 3)), block(jobId, records.slice(0, 2))];

    expect(await log.add(a)).toBe(true);
    expect(await log.add(b)).toBe(false);
    expect(await log.add(a)).toBe(true);
    expect(await trailOf(log, jobId)).toEqual(records.slice(0, 3));
  });

  it('reads blocks in order from any place, a few at a time, as they were written', async () => {
    for (const first of [10, 0, 20, 5, 15]) await log.add(block(jobId, records.slice(first, first + 5), `w${first}`));

    const page = await log.blocks(jobId, 6, 2);

    expect(page.blocks.map((b) => [b.first, b.events, b.writer, b.outbox])).toEqual([
      [11, 5, 'w10', true],
      [16, 5, 'w15', true],
    ]);
    expect(page.more).toBe(true);
    expect((await log.blocks(jobId, 21)).blocks).toEqual([]);
    expect(await trailOf(log, jobId)).toEqual(records);
    expect((await log.blocks(randomUUID(), 0)).blocks).toEqual([]);
    expect(await faultsOf(log, jobId)).toEqual([]);
  });

  it('moves a head forward only', async () => {
    const head = (events: number) => ({ events, hash: `${events}`.padStart(64, 'f'), healing: [] });

    expect(await log.head(jobId)).toEqual(START);
    await log.moveHead(jobId, head(7));
    await log.moveHead(jobId, head(5));
    expect(await log.head(jobId)).toEqual(head(7));
    await log.moveHead(jobId, head(9));
    expect(await log.head(jobId)).toEqual(head(9));
  });

  it('keeps every root, each as it was', async () => {
    const root = (events: number) => ({ events, hash: 'a'.repeat(64), at: '2026-11-23T10:00:00.000Z' });
    const after = { ...root(12), previous: { events: 3, hash: 'a'.repeat(64) } };
    await log.seal(jobId, after);
    await log.seal(jobId, root(3));
    await log.seal(jobId, { ...root(3), hash: 'b'.repeat(64) });

    expect((await log.roots(jobId)).toSorted((a, b) => a.events - b.events)).toEqual([root(3), after]);
    expect(await log.roots(randomUUID())).toEqual([]);
  });

  it('stores each event once, in a whole chain, whoever drains and notes at once', async () => {
    const outbox = outboxOf(jobId, 8, 40);
    const notes = Array.from({ length: 8 }, (_, i) =>
      event(jobId, `healing/${i}`, 1, { type: 'healing.step_retried' }),
    );

    await Promise.all([
      ...Array.from({ length: 8 }, () => drain(log, jobId, outbox, () => true)),
      ...notes.map((note) => append(log, jobId, [note])),
    ]);
    const head = await catchUp(log, jobId, await log.head(jobId), outbox);

    const trail = await trailOf(log, jobId);
    expect(outbox.size()).toBe(0);
    expect(trail).toHaveLength(8 * 40 + 8);
    expect(new Set(trail.map((e) => e.id)).size).toBe(trail.length);
    expect(await faultsOf(log, jobId)).toEqual([]);
    expect(await log.head(jobId)).toEqual(head);
    expect(head.events).toBe(trail.length);
    expect(head.healing).toHaveLength(8);
  });

  it.each(['add', 'moveHead', 'trim'] as const)(
    'neither loses nor repeats an event when the writer dies before or after any %s',
    async (step) => {
      const outbox = outboxOf(jobId, 3, 400);
      for (const when of ['before', 'after']) {
        for (let nth = 1; nth <= 3; nth++) {
          let calls = 0;
          const dying = (method: (...args: never[]) => Promise<unknown>) =>
            (async (...args: never[]) => {
              calls += 1;
              if (calls === nth && when === 'before') throw new Error('killed');
              const answer = await method(...args);
              if (calls === nth && when === 'after') throw new Error('killed');
              return answer;
            }) as never;
          const itsLog = step === 'trim' ? log : { ...log, [step]: dying(log[step] as never) };
          const itsOutbox = step === 'trim' ? { ...outbox, trim: dying(outbox.trim as never) } : outbox;
          await expect(drain(itsLog, jobId, itsOutbox, () => true)).rejects.toThrow('killed');
        }
      }

      await drain(log, jobId, outbox, () => true);

      const ids = (await trailOf(log, jobId)).map((e) => e.id);
      expect(ids).toHaveLength(1200);
      expect(new Set(ids).size).toBe(1200);
      expect(await faultsOf(log, jobId)).toEqual([]);
    },
  );
});

describe('an audit log in DynamoDB', () => {
  it('takes a block whose reply was lost for written, and writes it once', async () => {
    const log = await newDynamoLog();
    const jobId = randomUUID();
    const outbox = outboxOf(jobId, 1, 3);
    dynamo.faultNext('PutItem', 'lose reply');
    dynamo.faultNext('UpdateItem', 'lose reply');
    dynamo.faultNext('GetItem', 'throttle');

    await drain(log, jobId, outbox, () => true);

    expect(await trailOf(log, jobId)).toHaveLength(3);
    expect((await log.head(jobId)).events).toBe(3);
    expect(await faultsOf(log, jobId)).toEqual([]);
  });

  it('costs a quiet drain one read, and one of 40 events one put and one move of the head more', async () => {
    const log = await newDynamoLog();
    const jobId = randomUUID();
    const calls = async (work: () => Promise<unknown>) => {
      const from = dynamo.calls.length;
      await work();
      return dynamo.calls.slice(from);
    };

    expect(await calls(() => drain(log, jobId, outboxOf(jobId, 0, 0), () => true))).toEqual(['GetItem']);
    expect(await calls(() => drain(log, jobId, outboxOf(jobId, 1, 40), () => true))).toEqual([
      'GetItem',
      'PutItem',
      'UpdateItem',
    ]);
  });

  it('finds what somebody did to a block in the table', async () => {
    const log = await newDynamoLog();
    const jobId = randomUUID();
    await drain(log, jobId, outboxOf(jobId, 4, 60), () => true);
    const all = await blocksOf(log, jobId);
    const at = { job_id: jobId, position: String(all[2]?.first).padStart(12, '0') };
    const send = dynamo.client.send.bind(dynamo.client);
    expect(await faultsOf(log, jobId)).toEqual([]);

    const stored = JSON.stringify(all[2]?.records).replace('"inserted":3', '"inserted":4');
    const change = (events: string) =>
      send(
        new UpdateCommand({
          TableName: audit,
          Key: at,
          UpdateExpression: 'set events = :e',
          ExpressionAttributeValues: { ':e': events },
        }),
      );
    await change(stored);
    expect(await faultsOf(log, jobId)).toMatchObject([{ code: 'altered', seq: all[2]?.first }]);
    await change('[{"seq":1}]');
    expect(await faultsOf(log, jobId)).toMatchObject([{ code: 'unreadable', seq: all[2]?.first }]);
    await send(new DeleteCommand({ TableName: audit, Key: at }));
    expect(await faultsOf(log, jobId)).toMatchObject([{ code: 'missing', seq: all[2]?.first }]);
    for (const b of all.slice(2))
      await send(new DeleteCommand({ TableName: audit, Key: { ...at, position: String(b.first).padStart(12, '0') } }));
    expect(await faultsOf(log, jobId)).toMatchObject([{ code: 'tail_missing', seq: all[2]?.first }]);
    await send(new PutCommand({ TableName: audit, Item: { ...at, events: 'nonsense', count: 1, hash: 'x' } }));
    expect(await faultsOf(log, jobId)).not.toEqual([]);
  });
});
