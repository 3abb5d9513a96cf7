import { defineRoute } from '../route.ts';
import { viewOf, webhookName, webhookWithSecret } from '../webhook-view.ts';

export const rotateWebhook = defineRoute({
  method: 'POST',
  path: '/api/sync/webhooks/{name}/rotate',
  role: 'admin',
  runs: 'webhooks',
  summary: 'Give a webhook another secret; for a day the one before signs too',
  params: { name: webhookName },
  responses: { 200: { description: 'The answer holds the new secret.', schema: webhookWithSecret } },

  handle: async ({ params, actor }, { clock }, parts) => {
    const { webhook, key } = await parts.rotateWebhook({ name: params.name ?? '', actor });
    return {
      status: 200,
      body: { ...viewOf(webhook, clock()), secret: key.reveal() },
    };
  },
});
