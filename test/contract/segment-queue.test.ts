import { createHash, randomUUID } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awsSegmentQueue } from '../../functions/aws/queue.ts';
import { segmentMessage } from '../../lib/model/message.ts';
import type { SegmentQueue } from '../../lib/ports.ts';
import { AwsFault, type FakeAws, startFakeAws } from './fake-aws.ts';

describe('the segment queue on SQS', () => {
  let aws: FakeAws;
  let queue: SegmentQueue;
  let hide: () => object = () => ({});
  const url = () => `${aws.client.endpoint}/123456789012/segments`;
  beforeEach(async () => {
    hide = () => ({});
    aws = await startFakeAws({
      SendMessage({ MessageBody }) {
        const md5 = createHash('md5').update(String(MessageBody)).digest('hex');
        return { MessageId: randomUUID(), MD5OfMessageBody: md5 };
      },
      ChangeMessageVisibility: () => hide(),
    });
    queue = awsSegmentQueue(() => new SQSClient(aws.client), url);
  });
  afterEach(() => aws.close());

  it('sends a message of ids that a worker can read, at most 4 KiB', async () => {
    const message = {
      v: 1,
      job_id: randomUUID(),
      epoch: 1,
      table: 0,
      pass: 'apply',
      segment: 7,
      task_token: 't'.repeat(2048),
    } as const;

    await queue.send(message);

    const sent = String(aws.calls[0]?.input.MessageBody);
    expect(segmentMessage.parse(JSON.parse(sent))).toEqual(message);
    expect(Buffer.byteLength(sent)).toBeLessThan(4096);
    expect(aws.calls[0]?.input.QueueUrl).toBe(url());
  });

  it('hides a message for some seconds', async () => {
    await queue.hide('receipt', 30);

    expect(aws.calls).toEqual([
      {
        operation: 'ChangeMessageVisibility',
        input: { QueueUrl: url(), ReceiptHandle: 'receipt', VisibilityTimeout: 30 },
      },
    ]);
  });

  it.each(['MessageNotInflight', 'ReceiptHandleIsInvalid', 'InvalidParameterValue'])(
    'ignores that a message is gone: %s',
    async (type) => {
      hide = () => new AwsFault(type);

      await queue.hide('receipt', 30);
    },
  );

  it('says unavailable for anything else', async () => {
    hide = () => new AwsFault('QueueDoesNotExist');

    await expect(queue.hide('receipt', 30)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
