import * as z from 'zod';
import { defineRoute } from '../route.ts';
import { viewOf, webhookView } from '../webhook-view.ts';

const list = z.object({ webhooks: z.array(webhookView) }).meta({ id: 'WebhookList' });

export const listWebhooks = defineRoute({
  method: 'GET',
  path: '/api/sync/webhooks',
  role: 'admin',
  runs: 'webhooks',
  summary: 'List webhooks, with what became of the last delivery of each',
  responses: { 200: { description: 'All webhooks, in name order.', schema: list } },

  handle: async (_request, { clock }, { webhooks }) => {
    const now = clock();
    return { status: 200, body: { webhooks: (await webhooks.list()).map((w) => viewOf(w, now)) } };
  },
});
