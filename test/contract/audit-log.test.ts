import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoAuditLog } from '../../functions/aws/dynamo/audit-log.ts';
import type { AuditEvent } from '../../lib/model/audit-event.ts';
import type { AuditLog } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryAuditLog } from './memory.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoLog(): Promise<AuditLog> {
  const { audit } = await createTables(dynamo);
  return dynamoAuditLog({ name: () => audit, client: () => dynamo.client });
}

function event(jobId: string, stream: string, seq: number, over: Partial<AuditEvent> = {}): AuditEvent {
  return {
    job_id: jobId,
    stream,
    seq,
    type: 'chunk.applied',
    at: '2026-11-23T10:00:00.000Z',
    actor: 'system',
    data: { inserted: 3, tables: ['public.parcels'], nested: { a: null, b: true } },
    ...over,
  };
}

describe.each([
  ['memory', async () => memoryAuditLog()],
  ['DynamoDB', newDynamoLog],
])('an audit log in %s', (_name, make) => {
  let log: AuditLog;
  const jobId = randomUUID();
  beforeEach(async () => {
    log = await make();
  });

  it('reads events back by stream and seq, whatever order they came in', async () => {
    const events = ['job', 't0/apply/0', 't0/apply/1', 't10/apply/0'].flatMap((stream) =>
      [1, 2, 9, 10, 100].map((seq) => event(jobId, stream, seq)),
    );

    await log.append([...events].reverse());

    expect(await log.read(jobId)).toEqual(events);
    expect(await log.read(randomUUID())).toEqual([]);
  });

  it('leaves an event that is there as it is', async () => {
    await log.append([event(jobId, 'job', 1)]);

    await log.append([event(jobId, 'job', 1, { actor: 'eve' }), event(jobId, 'job', 2)]);

    expect(await log.read(jobId)).toEqual([event(jobId, 'job', 1), event(jobId, 'job', 2)]);
  });

  it('takes many at once, and none', async () => {
    await log.append(Array.from({ length: 100 }, (_, i) => event(jobId, 'job', i + 1)));
    await log.append([]);

    expect((await log.read(jobId)).map((e) => e.seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

describe('an audit log in DynamoDB under faults', () => {
  it('takes an event whose reply was lost for written, and writes it once', async () => {
    const log = await newDynamoLog();
    const jobId = randomUUID();
    dynamo.faultNext('PutItem', 'lose reply');
    dynamo.faultNext('PutItem', 'throttle');

    await log.append([event(jobId, 'job', 1), event(jobId, 'job', 2)]);

    expect(await log.read(jobId)).toHaveLength(2);
  });
});
