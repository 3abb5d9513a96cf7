import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Emulator } from '../../../local/aws/emulator.ts';
import { startSqs } from '../../../local/aws/sqs.ts';
import { startQueuePoller } from '../../../local/events/queue-poller.ts';
import type { Json } from '../../../local/json.ts';

let folder: string;
let sqs: Emulator;
let client: SQSClient;

const connect = () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new SQSClient({ endpoint: sqs.url, region: 'us-east-1', credentials });
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tf-sqs-'));
  sqs = await startSqs(folder);
  client = connect();
});
afterAll(async () => {
  client.destroy();
  await sqs.stop();
  rmSync(folder, { recursive: true });
});

async function queueWith(name: string, bodies: readonly string[]): Promise<string> {
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '0' } }),
  );
  for (const MessageBody of bodies) await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return QueueUrl;
}

const source = (queueUrl: string) => ({
  client,
  queueUrl,
  queueArn: 'arn:aws:sqs:us-east-1:000000000000:q',
  region: 'us-east-1',
  batchSize: 10,
  maxConcurrency: 1,
  reportsItemFailures: true,
  waitSeconds: 1,
  onError: () => {},
});

interface Event {
  readonly Records: readonly { messageId: string; body: string; attributes: Record<string, string> }[];
}

describe('the queue poller', () => {
  it('tells of a function that fails, but not of one that is ended with everything else', async () => {
    const queueUrl = await queueWith('ended', ['one']);
    const told: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<Json>();
    let calls = 0;
    const poller = startQueuePoller({
      ...source(queueUrl),
      invoke: () => {
        calls += 1;
        if (calls === 1) return Promise.reject(new Error('its own'));
        begun.resolve();
        return killed.promise;
      },
      onError: (error) => void told.push(error),
    });

    await begun.promise;
    await poller.stop();
    killed.reject(new Error('SIGKILL'));
    await new Promise((done) => setTimeout(done, 20));

    expect(told).toEqual([new Error('its own')]);
  });

  it('delivers the event shape of SQS, and again only what the function named as failed', async () => {
    const queueUrl = await queueWith('partial', ['good', 'bad']);
    const events: Event[] = [];
    const done = Promise.withResolvers<void>();
    const poller = startQueuePoller({
      ...source(queueUrl),
      invoke: async (event) => {
        const { Records } = event as unknown as Event;
        events.push({ Records });
        const bad = Records.filter(
          ({ body, attributes }) => body === 'bad' && attributes.ApproximateReceiveCount === '1',
        );
        if (bad.length === 0 && Records.some(({ body }) => body === 'bad')) done.resolve();
        return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
    });
    await done.promise;
    await poller.stop();

    const delivered = events.flatMap(({ Records }) => Records.map(({ body }) => body));
    expect(delivered.filter((body) => body === 'good')).toHaveLength(1);
    expect(delivered.filter((body) => body === 'bad')).toHaveLength(2);
    expect(events[0]?.Records[0]).toMatchObject({
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.any(String) },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:q',
      awsRegion: 'us-east-1',
    });
  });

  it('keeps every message of an invocation that fails', async () => {
    const queueUrl = await queueWith('throws', ['a']);
    const errors: unknown[] = [];
    const twice = Promise.withResolvers<void>();
    const poller = startQueuePoller({
      ...source(queueUrl),
      invoke: async () => {
        throw new Error('down');
      },
      onError: (error) => {
        errors.push(error);
        if (errors.length === 2) twice.resolve();
      },
    });
    await twice.promise;
    await poller.stop();

    expect(poller.figures().deleted).toBe(0);
    expect(poller.figures().failed).toBeGreaterThanOrEqual(2);
  });

  it('runs no more invocations at once than it may', async () => {
    const queueUrl = await queueWith('parallel', ['1', '2', '3', '4', '5']);
    let running = 0;
    let most = 0;
    let finished = 0;
    const done = Promise.withResolvers<void>();
    const poller = startQueuePoller({
      ...source(queueUrl),
      batchSize: 1,
      maxConcurrency: 2,
      invoke: async (): Promise<Json> => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        finished += 1;
        if (finished >= 5) done.resolve();
        return null;
      },
    });
    await done.promise;
    await poller.stop();

    expect(most).toBeLessThanOrEqual(2);
  });

  it('keeps messages when the queue is stopped and started again', async () => {
    const before = await queueWith('kept', ['x']);
    await sqs.stop();
    sqs = await startSqs(folder);
    client.destroy();
    client = connect();
    const QueueUrl = before.replace(/^http:\/\/[^/]+/, sqs.url);
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );

    expect(Attributes?.ApproximateNumberOfMessages).toBe('1');
  });
});
