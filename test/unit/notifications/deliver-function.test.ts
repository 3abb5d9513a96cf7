import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toItem } from '../../../functions/aws/dynamo/items.ts';
import { AwsFault, type FakeAws, startFakeAws } from '../../contract/fake-aws.ts';
import { sampleWebhook } from '../../contract/memory-webhooks.ts';

let aws: FakeAws;
/** The one webhook; absent: the registry does not answer. */
let known: ReturnType<typeof sampleWebhook> | undefined;
/** It leads to where nobody may be posted to. */
const SECRET = JSON.stringify({ v: 1, url: 'http://127.0.0.1:1/x', key: `whsec_${'A'.repeat(43)}=` });
beforeEach(async () => {
  vi.resetModules();
  known = undefined;
  aws = await startFakeAws({
    ChangeMessageVisibility: () => ({}),
    GetItem: () => (known ? { Item: toItem(known) } : new AwsFault('UnknownOperationException')),
    UpdateItem: () => ({}),
    GetSecretValue: () => ({ SecretString: SECRET }),
  });
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_SQS: aws.client.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: aws.client.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.client.endpoint,
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

test('a delivery counts as given up after its last attempt, and as done where nobody wants it any more', async () => {
  const { handler } = await import('../../../functions/worker/deliver-webhooks.ts');
  const lines = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const message = { v: 1, webhook: 'ops', notification: { id: 'x', type: 'job.ended' } };
  const kept = { batchItemFailures: [{ itemIdentifier: 'm1' }] };

  known = sampleWebhook();
  expect(await handler(received(message, 4))).toEqual(kept);
  expect(await handler(received(message, 10))).toEqual(kept);
  known = sampleWebhook({ paused: true });
  expect(await handler(received(message, 1))).toEqual({ batchItemFailures: [] });

  const told = lines.mock.calls.map(([line]) => JSON.parse(String(line)));
  expect(told.map((line) => [line.end, line.WebhooksDelivered, line.WebhooksGivenUp])).toEqual([
    ['again', 0, 0],
    ['dead', 0, 1],
    ['done', 1, 0],
  ]);
});
