import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FakeAws, startFakeAws } from '../../contract/fake-aws.ts';

let aws: FakeAws;
beforeEach(async () => {
  vi.resetModules();
  aws = await startFakeAws({ ChangeMessageVisibility: () => ({}) });
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_SQS: aws.client.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: aws.client.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    DELIVERY_QUEUE_URL: `${aws.client.endpoint}/q`,
    REGISTRY_TABLE: 'registry',
    ALLOWED_WEBHOOK_HOSTS: '*',
    WEBHOOK_SECRET_PREFIX: 'tf/webhook/',
    SERVICE_VERSION: '1',
  }))
    vi.stubEnv(name, value);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await aws.close();
});

const received = (body: object, count: number): SQSEvent => ({
  Records: [
    {
      messageId: 'm1',
      receiptHandle: 'r1',
      body: JSON.stringify(body),
      attributes: { ApproximateReceiveCount: `${count}` },
    },
  ] as unknown as SQSEvent['Records'], // as much of a record as is read
});

test.each([
  ['a message that is none of ours', { source: 'somebody', detail: { id: 'x', type: 'y' } }],
  [
    'a notification while the registry does not answer',
    { v: 1, webhook: 'ops', notification: { id: 'x', type: 'job.ended' } },
  ],
])(
  '%s stays in the queue, hidden for as long as a failed delivery, and in the end goes to the dead letters',
  async (_, body) => {
    const { handler } = await import('../../../functions/worker/deliver-webhooks.ts');

    expect(await handler(received(body, 4))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(await handler(received(body, 10))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });

    const hidden = aws.calls.filter((c) => c.operation === 'ChangeMessageVisibility').map((c) => c.input);
    expect(hidden.map((h) => h.ReceiptHandle)).toEqual(['r1', 'r1']);
    expect(hidden[0]?.VisibilityTimeout).toBeGreaterThanOrEqual(540);
    expect(hidden[0]?.VisibilityTimeout).toBeLessThanOrEqual(600);
    expect(hidden[1]?.VisibilityTimeout).toBe(0);
    const lines = vi.mocked(process.stderr.write).mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(lines.map((line) => line.WebhooksGivenUp)).toEqual([0, 1]);
  },
);
