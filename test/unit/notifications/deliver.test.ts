import { expect, test } from 'vitest';
import { read } from '../../../examples/webhook-receiver.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Notification } from '../../../lib/model/notification.ts';
import { Secret } from '../../../lib/model/secret.ts';
import type { DeliveryMessage, Webhook } from '../../../lib/model/webhook.ts';
import { ATTEMPTS, RETRY_SECONDS, retryAfter } from '../../../lib/notifications/attempts.ts';
import { newKey } from '../../../lib/notifications/signature.ts';
import { deliver, fanOut } from '../../../lib/orchestrator/deliver-webhook.ts';
import { memoryWebhooks } from '../../contract/memory-webhooks.ts';

const AT = '2026-11-23T10:00:00.000Z';
const notification: Notification = {
  id: 'job_resumed-1-e2',
  version: 1,
  type: 'job.resumed',
  time: AT,
  job: { id: '11111111-2222-4333-8444-555555555555', mode: 'full', epoch: 2, source: 'a', target: 'b' },
  data: {},
};
const key = newKey();

async function world(over: Partial<Webhook> = {}) {
  const kept = memoryWebhooks();
  const secret_ref = await kept.secrets.create('ops', { url: new Secret('https://hooks.example/x'), key });
  const webhook: Webhook = {
    ...{
      name: 'ops',
      origin: 'https://hooks.example',
      events: ['job.resumed', 'job.ended'],
      paused: false,
      secret_ref,
    },
    ...{ actor: 'ada', created_at: AT, updated_at: AT, seq: 1, given_up: 0 },
    ...over,
  };
  await kept.webhooks.create(webhook);
  const ports = { ...kept, clock: () => new Date(AT), random: () => 0 };
  const tryIt = (attempt: number) => deliver({ v: 1, webhook: 'ops', notification }, attempt, ports);
  return { kept, tryIt, webhook: async () => kept.webhooks.get('ops') };
}

test('a delivery is signed, posted once and noted', async () => {
  const { kept, tryIt, webhook } = await world();

  expect(await tryIt(1)).toEqual({ end: 'done' });
  const [posting] = kept.posted;
  expect(posting?.url.reveal()).toBe('https://hooks.example/x');
  expect(read(key.reveal(), { ...posting?.headers }, posting?.body ?? '', Date.parse(AT))).toEqual(notification);
  expect(await webhook()).toMatchObject({
    last: { id: notification.id, type: 'job.resumed', at: AT, outcome: 'delivered', attempt: 1, status: 204 },
    given_up: 0,
  });
});

test.each<[string, number | Error, object]>([
  ['500', 500, { status: 500, code: 'webhook_refused' }],
  ['a redirect', 302, { status: 302, code: 'webhook_refused' }],
  ['410', 410, { status: 410, code: 'webhook_refused' }],
  ['nothing', new SyncError('webhook_unreachable', 'no answer: timeout'), { code: 'webhook_unreachable' }],
  ['from a host that is refused', new SyncError('host_not_allowed', 'no'), { code: 'host_not_allowed' }],
])('a receiver that answers %s is asked again, under the same id, and that is said', async (_, answer, noted) => {
  const { kept, tryIt, webhook } = await world();
  kept.answers.push(answer, answer);

  expect(await tryIt(1)).toEqual({ end: 'again', seconds: 5 });
  expect(await webhook()).toMatchObject({ last: { outcome: 'failed', attempt: 1, ...noted } });
  expect(await tryIt(2)).toEqual({ end: 'again', seconds: 30 });
  expect(await tryIt(3)).toEqual({ end: 'done' });
  expect(new Set(kept.posted.map((p) => p.headers['webhook-id']))).toEqual(new Set([notification.id]));
  expect(new Set(kept.posted.map((p) => p.body)).size).toBe(1);
});

test('after the last attempt it is given up, and counted', async () => {
  const { kept, tryIt, webhook } = await world();
  kept.answers.push(503);

  expect(await tryIt(ATTEMPTS)).toEqual({ end: 'dead' });
  expect(await webhook()).toMatchObject({ last: { outcome: 'given_up', attempt: ATTEMPTS, status: 503 }, given_up: 1 });
});

test('a fault of the service itself is no answer of the receiver: nothing is noted, the queue gives it again', async () => {
  const { kept, tryIt, webhook } = await world();
  kept.stored.clear();

  await expect(tryIt(1)).rejects.toMatchObject({ code: 'secret_missing' });
  expect((await webhook())?.last).toBeUndefined();
  expect(kept.posted).toEqual([]);
});

test.each<[string, Partial<Webhook>]>([
  ['is paused', { paused: true }],
  ['does not ask for it any more', { events: ['job.ended'] }],
])('a webhook that %s is told nothing', async (_, over) => {
  const { kept, tryIt } = await world(over);

  expect(await tryIt(1)).toEqual({ end: 'done' });
  expect(kept.posted).toEqual([]);
});

test('one that was deleted is told nothing, and nothing is noted', async () => {
  const { kept, tryIt, webhook } = await world();
  await kept.webhooks.remove('ops');

  expect(await tryIt(1)).toEqual({ end: 'done' });
  expect(await webhook()).toBeUndefined();
});

test('each webhook that asks for a type gets a message of its own, without its secret', async () => {
  const { kept, webhook } = await world();
  const one = (await webhook()) as Webhook; // world made it
  await kept.webhooks.create({ ...one, name: 'all' });
  await kept.webhooks.create({ ...one, name: 'ends', events: ['job.ended'] });
  await kept.webhooks.create({ ...one, name: 'off', paused: true });
  const sent: DeliveryMessage[] = [];
  const queue = { send: async (all: readonly DeliveryMessage[]) => void sent.push(...all) };

  expect(await fanOut(notification, { webhooks: kept.webhooks, queue })).toBe(2);
  expect(sent).toEqual(['all', 'ops'].map((name) => ({ v: 1, webhook: name, notification })));
  expect(JSON.stringify(sent)).not.toMatch(/whsec_|hooks\.example/);
});

test('waits grow, never pass what SQS can hide, and differ by up to a tenth', () => {
  expect([...RETRY_SECONDS]).toEqual([...RETRY_SECONDS].sort((a, b) => a - b));
  expect(Math.max(...RETRY_SECONDS)).toBeLessThan(43_200);
  expect(retryAfter(9, 0.999)).toBeGreaterThanOrEqual(8 * 3600 * 0.9);
  expect(retryAfter(9, 0)).toBe(8 * 3600);
  expect(retryAfter(ATTEMPTS, 0)).toBeUndefined();
});
