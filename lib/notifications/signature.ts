import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from '../model/secret.ts';
import type { WebhookSecret } from '../model/webhook.ts';

/** What a key begins with; behind it stand its bytes in base64. */
const PREFIX = 'whsec_';
/** As many as the hash has: more add nothing. */
const KEY_BYTES = 32;

/** A fresh key of a webhook. */
export const newKey = (): Secret => new Secret(PREFIX + randomBytes(KEY_BYTES).toString('base64'));

/** HMAC-SHA256 over `<id>.<seconds>.<body>`, base64. */
function sign(key: Secret, signed: string): string {
  const bytes = Buffer.from(key.reveal().slice(PREFIX.length), 'base64');
  return createHmac('sha256', bytes).update(signed).digest('base64');
}

/**
 * The headers of a delivery, as the specification Standard Webhooks has them. While a key is being replaced there is a
 * signature by each, so that a receiver may change over at any time in between.
 */
export function signedHeaders(
  { id, body, at }: { readonly id: string; readonly body: string; readonly at: Date },
  { key, before }: Pick<WebhookSecret, 'key' | 'before'>,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const keys = [key, ...(before && at.toISOString() < before.until ? [before.key] : [])];
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((one) => `v1,${sign(one, `${id}.${timestamp}.${body}`)}`).join(' '),
  };
}
