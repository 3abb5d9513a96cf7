import * as z from 'zod';
import { defineRoute } from '../route.ts';
import { webhookName } from '../webhook-view.ts';

const outcome = z
  .object({
    delivered: z.boolean(),
    status: z.int().optional().meta({ description: 'HTTP status of the answer.' }),
    code: z.string().optional(),
    message: z.string().optional(),
  })
  .meta({ id: 'WebhookTest' });

export const testWebhook = defineRoute({
  method: 'POST',
  path: '/api/sync/webhooks/{name}/test',
  role: 'admin',
  runs: 'webhooks',
  summary: 'Post a signed test to a webhook, once, and say what it answered',
  params: { name: webhookName },
  responses: { 200: { description: 'What came of it.', schema: outcome } },

  handle: async ({ params }, _services, parts) => ({ status: 200, body: await parts.testWebhook(params.name ?? '') }),
});
