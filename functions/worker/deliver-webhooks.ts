import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import type { Notification } from '../../lib/model/notification.ts';
import { retryAfter } from '../../lib/notifications/attempts.ts';
import { deliver, fanOut } from '../../lib/orchestrator/deliver-webhook.ts';
import { queueClient } from '../aws/clients.ts';
import { awsDeliveryQueue } from '../aws/delivery-queue.ts';
import { EVENT_SOURCE } from '../aws/event-bus.ts';
import { bareServices, type CoreServices } from '../runtime.ts';
import { setting, webhookServices } from '../webhook-services.ts';

/** As much of it as decides where it goes; the rest is posted as it came. */
const notification = z.looseObject({ id: z.string(), type: z.string() });

/** What EventBridge puts into the queue, and what this function itself puts there for each webhook. */
const fromBus = z.object({ source: z.literal(EVENT_SOURCE), detail: notification });
const fromUs = z.strictObject({ v: z.literal(1), webhook: z.string(), notification });

/** What becomes of a message: it is done with, or hidden for so many seconds. */
type End = { readonly again?: number };

async function work(record: SQSRecord, attempt: number, s: CoreServices): Promise<End> {
  const message = z.union([fromUs, fromBus]).parse(JSON.parse(record.body));
  const { webhooks, secrets, post } = webhookServices(s);
  if (!('webhook' in message)) {
    const told = message.detail as unknown as Notification; // our own, by the pattern of the rule
    const receivers = await fanOut(told, { webhooks, queue: deliveries() });
    s.log.info('notification for webhooks', { notification: told.id, receivers });
    return {};
  }
  const { webhook, notification: found } = message;
  const delivery = { v: 1, webhook, notification: found as unknown as Notification } as const; // fanOut put it there
  const came = await deliver(delivery, attempt, { webhooks, secrets, post, clock: s.clock, random: Math.random });
  const what = { webhook, notification: found.id, attempt, ...came };
  s.log.info('webhook delivery', what, {
    WebhooksDelivered: Number(came.end === 'done'),
    WebhooksGivenUp: Number(came.end === 'dead'),
  });
  if (came.end === 'done') return {};
  return { again: came.end === 'again' ? came.seconds : 0 }; // after the last attempt the queue gives it to the dead letters
}

const deliveries = () => awsDeliveryQueue(queueClient, () => setting('DELIVERY_QUEUE_URL'));

/** A fault of the service waits as long as one of a receiver: ten of them in a minute would only bury the message. */
async function workOrWait(record: SQSRecord, s: CoreServices): Promise<End> {
  const attempt = Number(record.attributes.ApproximateReceiveCount);
  try {
    return await work(record, attempt, s);
  } catch (error) {
    const seconds = retryAfter(attempt, Math.random());
    const what = { message_id: record.messageId, attempt, error };
    s.log.error('webhook delivery failed', what, { WebhooksGivenUp: Number(seconds === undefined) });
    return { again: seconds ?? 0 };
  }
}

/**
 * Lambda handler: takes a notification off the bus and makes a message of it for each webhook, and tries one delivery of such
 * a message. What fails stays in the queue, hidden for as long as the next attempt has time.
 */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const s = bareServices();
  const batchItemFailures = [];
  for (const record of event.Records) {
    const { again } = await workOrWait(record, s);
    if (again === undefined) continue;
    batchItemFailures.push({ itemIdentifier: record.messageId });
    await deliveries()
      .hide(record.receiptHandle, again)
      .catch((error: unknown) => s.log.warn('a delivery comes again sooner than it should', { error }));
  }
  return { batchItemFailures };
}
