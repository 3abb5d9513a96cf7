import { SyncError } from '../lib/model/errors.ts';
import { parseWebhookHosts, type WebhookHosts } from '../lib/notifications/webhook-hosts.ts';
import type { Post, WebhookSecrets, WebhookStore } from '../lib/ports.ts';
import { dynamoClient, secretsClient } from './aws/clients.ts';
import { dynamoWebhookStore } from './aws/dynamo/webhook-store.ts';
import { awsWebhookSecrets } from './aws/webhook-secrets.ts';
import { poster } from './http/post.ts';
import type { CoreServices } from './runtime.ts';

/** What keeps webhooks and posts to them, for the two functions that do. */
export interface WebhookServices {
  readonly webhooks: WebhookStore;
  readonly secrets: WebhookSecrets;
  readonly post: Post;
  readonly hosts: () => WebhookHosts;
}

/** A variable of the environment that only some functions have. Throws `internal` where it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new SyncError('internal', `the environment variable ${name} is not set`);
  return value;
}

function webhookHosts(): WebhookHosts {
  try {
    return parseWebhookHosts(setting('ALLOWED_WEBHOOK_HOSTS'));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SyncError('internal', `ALLOWED_WEBHOOK_HOSTS: ${error.message}`);
  }
}

export const webhookServices = ({ settings }: Pick<CoreServices, 'settings'>): WebhookServices => ({
  webhooks: dynamoWebhookStore({ name: () => settings.registryTable, client: dynamoClient }),
  secrets: awsWebhookSecrets(secretsClient, () => setting('WEBHOOK_SECRET_PREFIX')),
  post: poster({ hosts: webhookHosts, userAgent: () => `terrafusion-sync/${settings.version}` }),
  hosts: webhookHosts,
});
