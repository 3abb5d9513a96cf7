import { waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { dynamoWebhookStore } from '../../functions/aws/dynamo/webhook-store.ts';
import { awsWebhookSecrets } from '../../functions/aws/webhook-secrets.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { WebhookDelivery } from '../../lib/model/webhook.ts';
import type { WebhookStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { AwsFault, startFakeAws } from './fake-aws.ts';
import { memoryWebhookStore, sampleWebhook } from './memory-webhooks.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoStore(): Promise<WebhookStore> {
  const { registry } = await createTables(dynamo);
  await waitUntilTableExists(
    { client: dynamo.client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 },
    { TableName: registry },
  );
  return dynamoWebhookStore({ name: () => registry, client: () => dynamo.client });
}

const AT = '2026-11-23T10:00:00.000Z';
const webhook = sampleWebhook();
const delivery = (over: Partial<WebhookDelivery> = {}): WebhookDelivery => ({
  ...{ id: 'job_ended-1-e1', type: 'job.ended', at: AT, outcome: 'delivered', attempt: 1, status: 204 },
  ...over,
});

describe.each([
  ['memory', async () => memoryWebhookStore()],
  ['DynamoDB', newDynamoStore],
])('a webhook store in %s', (_name, make) => {
  let store: WebhookStore;
  beforeEach(async () => {
    store = await make();
    await store.create(webhook);
  });

  it('gives a webhook back, and a name to one only', async () => {
    expect(await store.create({ ...webhook, actor: 'eve', secret_ref: 'tf/webhook/2' })).toBe(false);
    expect(await store.get('ops')).toEqual(webhook);
    expect(await store.get('other')).toBeUndefined();
  });

  it('lets one of several writers advance it', async () => {
    const won = await Promise.all(['a', 'b', 'c'].map((ref) => store.advance({ ...webhook, secret_ref: ref, seq: 2 })));

    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.get('ops'))?.secret_ref).toBe(['a', 'b', 'c'][won.indexOf(true)]);
  });

  it('keeps what became of deliveries, whoever changes the webhook meanwhile', async () => {
    await store.note('ops', delivery({ outcome: 'given_up', status: 500 }));
    await store.note('ops', delivery());
    await store.advance({ ...webhook, paused: true, seq: 2 });

    expect(await store.get('ops')).toEqual({ ...webhook, paused: true, seq: 2, last: delivery(), given_up: 1 });
  });

  it('lists by name, and forgets what is removed, also for what comes late', async () => {
    for (const name of ['b', 'a']) await store.create({ ...webhook, name });

    expect((await store.list()).map((w) => w.name)).toEqual(['a', 'b', 'ops']);
    await store.remove('a');
    await store.remove('a');
    await store.note('a', delivery());
    expect(await store.advance({ ...webhook, name: 'a', seq: 2 })).toBe(false);
    expect((await store.list()).map((w) => w.name)).toEqual(['b', 'ops']);
  });
});

it('a write whose answer is lost, and which the SDK sends again, has been done', async () => {
  const store = await newDynamoStore();
  dynamo.faultNext('PutItem', 'lose reply');
  expect(await store.create(webhook)).toBe(true);
  dynamo.faultNext('UpdateItem', 'lose reply');
  expect(await store.advance({ ...webhook, secret_ref: 'tf/webhook/2', seq: 2 })).toBe(true);
});

test('secrets of webhooks come back as they were, each under a name of its own, and what cannot be read is not shown', async () => {
  const kept = new Map<unknown, unknown>();
  await using aws = Object.assign(
    await startFakeAws({
      CreateSecret({ Name, SecretString }) {
        kept.set(Name, SecretString);
        return { Name };
      },
      GetSecretValue: ({ SecretId }) =>
        kept.has(SecretId) ? { SecretString: kept.get(SecretId) } : new AwsFault('ResourceNotFoundException'),
      DeleteSecret: ({ SecretId }) => (kept.delete(SecretId) ? {} : new AwsFault('ResourceNotFoundException')),
    }),
    { [Symbol.asyncDispose]: () => aws.close() },
  );
  const secrets = awsWebhookSecrets(
    () => new SecretsManagerClient(aws.client),
    () => 'tf/webhook/',
  );
  const content = {
    url: new Secret('https://hooks.example/c4n4ry'),
    key: new Secret('whsec_new'),
    before: { key: new Secret('whsec_old'), until: AT },
  };

  const [one, two] = [
    await secrets.create('ops', content),
    await secrets.create('ops', { ...content, before: undefined } as never),
  ];
  const read = await secrets.get(one);

  expect(one).toMatch(/^tf\/webhook\/ops\/[0-9a-f-]{36}$/);
  expect(two).not.toBe(one);
  expect([read.url, read.key, read.before?.key].map((s) => s?.reveal())).toEqual([
    'https://hooks.example/c4n4ry',
    'whsec_new',
    'whsec_old',
  ]);
  expect((await secrets.get(two)).before).toBeUndefined();
  await secrets.remove(one);
  await secrets.remove(one);
  await expect(secrets.get(one)).rejects.toMatchObject({ code: 'secret_missing' });
  kept.set(two, '{"v":2,"url":"c4n4ry"}');
  await expect(secrets.get(two)).rejects.toMatchObject({
    code: 'internal',
    message: expect.not.stringContaining('c4n4ry'),
  });
});
