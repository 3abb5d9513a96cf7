import { SyncError } from '../model/errors.ts';
import type { Notification } from '../model/notification.ts';
import type { DeliveryMessage, Webhook, WebhookDelivery } from '../model/webhook.ts';
import { ATTEMPTS, retryAfter } from '../notifications/attempts.ts';
import { signedHeaders } from '../notifications/signature.ts';
import type { Clock, DeliveryQueue, Post, WebhookSecrets, WebhookStore } from '../ports.ts';

export interface DeliverPorts {
  readonly webhooks: WebhookStore;
  readonly secrets: Pick<WebhookSecrets, 'get'>;
  readonly post: Post;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
}

/** Who is told of a notification. Pure. */
export function receiversOf(webhooks: readonly Webhook[], { type }: Notification): readonly Webhook[] {
  return webhooks.filter(({ paused, events }) => !paused && events.includes(type));
}

/** A message for each webhook that asks for it. Doing it twice sends twice what has one id. */
export async function fanOut(
  notification: Notification,
  { webhooks, queue }: { readonly webhooks: Pick<WebhookStore, 'list'>; readonly queue: DeliveryQueue },
): Promise<number> {
  const receivers = receiversOf(await webhooks.list(), notification);
  await queue.send(receivers.map(({ name }) => ({ v: 1, webhook: name, notification })));
  return receivers.length;
}

type Attempt = Pick<WebhookDelivery, 'status' | 'code' | 'message'> & { readonly delivered: boolean };

/** Only 2xx says that the receiver has it; a redirect does not, and is not followed. Pure. */
export function judge(status: number): Attempt {
  if (status >= 200 && status < 300) return { delivered: true, status };
  const what = status >= 300 && status < 400 ? 'it redirects, which is not followed' : `it answers ${status}`;
  return { delivered: false, status, code: 'webhook_refused', message: `The receiver does not take it: ${what}.` };
}

/** Posts once, and says what came of it. Throws only what is no fault of the receiver: the service cannot work. */
export async function attempt(
  webhook: Webhook,
  notification: Notification,
  { secrets, post, clock }: Pick<DeliverPorts, 'secrets' | 'post' | 'clock'>,
): Promise<Attempt> {
  const secret = await secrets.get(webhook.secret_ref);
  const body = JSON.stringify(notification);
  const headers = signedHeaders({ id: notification.id, body, at: clock() }, secret);
  try {
    const { status } = await post({ url: secret.url, headers, body });
    return judge(status);
  } catch (error) {
    if (!(error instanceof SyncError) || !RECEIVERS_FAULT.includes(error.code)) throw error;
    return { delivered: false, code: error.code, message: error.message };
  }
}

const RECEIVERS_FAULT: readonly string[] = ['webhook_unreachable', 'host_not_allowed'];

/** `again`: after so many seconds; `dead`: the queue is to keep it with its dead letters. */
export type DeliveryEnd = { readonly end: 'done' | 'dead' } | { readonly end: 'again'; readonly seconds: number };

/**
 * Attempt number `number` at a delivery. Nothing is left to do where the webhook is gone or does not want it any more. What
 * came of it is noted with the webhook.
 */
export async function deliver(
  { webhook: name, notification }: DeliveryMessage,
  number: number,
  ports: DeliverPorts,
): Promise<DeliveryEnd> {
  const webhook = await ports.webhooks.get(name);
  if (!webhook || receiversOf([webhook], notification).length === 0) return { end: 'done' };
  const { delivered, ...came } = await attempt(webhook, notification, ports);
  const seconds = delivered ? undefined : retryAfter(number, ports.random());
  const outcome = delivered ? 'delivered' : number >= ATTEMPTS || seconds === undefined ? 'given_up' : 'failed';
  const { id, type } = notification;
  await ports.webhooks.note(name, { id, type, at: ports.clock().toISOString(), outcome, attempt: number, ...came });
  if (delivered) return { end: 'done' };
  return seconds === undefined ? { end: 'dead' } : { end: 'again', seconds };
}
