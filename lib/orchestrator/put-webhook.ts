import { isAsSeen, type SeenVersion } from '../model/entity-tag.ts';
import { problemsError, SyncError } from '../model/errors.ts';
import type { Notification, NotificationType } from '../model/notification.ts';
import type { Secret } from '../model/secret.ts';
import type { Webhook, WebhookSecret } from '../model/webhook.ts';
import { newKey } from '../notifications/signature.ts';
import type { Clock, WebhookSecrets, WebhookStore } from '../ports.ts';
import { attempt, type DeliverPorts } from './deliver-webhook.ts';

export interface WebhookPorts {
  readonly webhooks: WebhookStore;
  readonly secrets: WebhookSecrets;
  readonly clock: Clock;
}

/** How long a key that was replaced still signs. */
export const OVERLAP_MS = 24 * 3_600_000;

export interface PutWebhook {
  readonly name: string;
  /** Absent: it keeps the one that it has. */
  readonly url?: Secret;
  readonly events: readonly NotificationType[];
  readonly paused: boolean;
  readonly actor: string;
  readonly seen?: SeenVersion;
}

/** The key is handed out where it is made, and never again. */
export interface PutOutcome {
  readonly webhook: Webhook;
  readonly key?: Secret;
}

/** What people have put; deliveries that fail are noted with it and change nothing of that. */
export const webhookVersion = ({ updated_at, created_at }: Pick<Webhook, 'updated_at' | 'created_at'>) => ({
  revision: Date.parse(updated_at),
  created_at,
});

function checkSeen(before: Webhook | undefined, seen: SeenVersion): void {
  if (!isAsSeen(before && webhookVersion(before), seen))
    throw new SyncError('webhook_changed', 'Somebody else has changed the webhook.');
}

export const webhookNotFound = () => new SyncError('webhook_not_found', 'There is no webhook of this name.');
const busy = () => new SyncError('webhook_busy', 'Somebody else has changed the webhook at the same time.');

/**
 * Stores a secret under a name of its own, then the webhook that refers to it: of two writers at once one wins whole. The
 * secret that nobody refers to any more is removed; who dies before that leaves it behind.
 */
async function store(
  webhook: Omit<Webhook, 'secret_ref'>,
  content: WebhookSecret,
  { before, webhooks, secrets }: WebhookPorts & { readonly before?: Webhook },
): Promise<Webhook> {
  const secret_ref = await secrets.create(webhook.name, content);
  const stored = { ...webhook, secret_ref };
  const won = await (before ? webhooks.advance(stored) : webhooks.create(stored));
  const unused = won ? before?.secret_ref : secret_ref;
  if (unused !== undefined) await secrets.remove(unused).catch(() => undefined); // it is of no use, and 40 cents a month
  if (!won) throw busy();
  return stored;
}

/** Makes a webhook, or changes one; its key stays. Throws `webhook_changed`, `webhook_busy`, and `required` for a new one without a URL. */
export async function putWebhook(put: PutWebhook, ports: WebhookPorts): Promise<PutOutcome> {
  const { name, url, events, paused, actor } = put;
  const now = ports.clock().toISOString();
  const before = await ports.webhooks.get(name);
  checkSeen(before, put.seen);
  if (!before) {
    if (!url) throw problemsError([{ code: 'required', message: 'a new webhook needs a URL', field: '/url' }]);
    const key = newKey();
    const made = { name, origin: originOf(url), events, paused, actor, created_at: now, updated_at: now };
    const webhook = await store({ ...made, seq: 1, given_up: 0 }, { url, key }, ports);
    return { webhook, key };
  }
  const changed = { ...before, events, paused, actor, updated_at: now, seq: before.seq + 1 };
  if (!url) {
    if (!(await ports.webhooks.advance(changed))) throw busy();
    return { webhook: changed };
  }
  const content = { ...(await ports.secrets.get(before.secret_ref)), url };
  return { webhook: await store({ ...changed, origin: originOf(url) }, content, { ...ports, before }) };
}

const originOf = (url: Secret) => new URL(url.reveal()).origin;

/** Gives a webhook another key. The one before signs too, for a day. Throws `webhook_not_found`, `webhook_busy`. */
export async function rotateKey(
  { name, actor }: { readonly name: string; readonly actor: string },
  ports: WebhookPorts,
): Promise<Required<PutOutcome>> {
  const before = await ports.webhooks.get(name);
  if (!before) throw webhookNotFound();
  const now = ports.clock();
  const until = new Date(now.getTime() + OVERLAP_MS).toISOString();
  const { url, key: old } = await ports.secrets.get(before.secret_ref);
  const key = newKey();
  const at = now.toISOString();
  const changed = { ...before, actor, updated_at: at, rotated_at: at, overlap_until: until, seq: before.seq + 1 };
  const webhook = await store(changed, { url, key, before: { key: old, until } }, { ...ports, before });
  return { webhook, key };
}

/** Deliveries on their way to it are dropped. Repeatable: the secret goes first, so that none is left that nobody knows. */
export async function removeWebhook(
  name: string,
  { webhooks, secrets }: WebhookPorts,
  seen?: SeenVersion,
): Promise<void> {
  const found = await webhooks.get(name);
  if (!found) return;
  checkSeen(found, seen);
  await secrets.remove(found.secret_ref);
  await webhooks.remove(name);
}

/** One delivery at once, not tried again, whatever the webhook listens to and also while it is paused. Not noted with it. */
export async function testWebhook(
  { name, id }: { readonly name: string; readonly id: string },
  ports: Pick<DeliverPorts, 'webhooks' | 'secrets' | 'post' | 'clock'>,
): ReturnType<typeof attempt> {
  const webhook = await ports.webhooks.get(name);
  if (!webhook) throw webhookNotFound();
  const time = ports.clock().toISOString();
  const notification: Notification = { id, version: 1, type: 'webhook.test', time, data: { webhook: name } };
  return attempt(webhook, notification, ports);
}
