import type { Route } from '../route.ts';
import { deleteWebhook } from './delete-webhook.ts';
import { listWebhooks } from './list-webhooks.ts';
import { putWebhook } from './put-webhook.ts';
import { rotateWebhook } from './rotate-webhook.ts';
import { showWebhook } from './show-webhook.ts';
import { testWebhook } from './test-webhook.ts';

/** Routes of the `webhooks` function: one line each. */
export const webhookRoutes: readonly Route[] = [
  listWebhooks,
  showWebhook,
  putWebhook,
  deleteWebhook,
  rotateWebhook,
  testWebhook,
];
