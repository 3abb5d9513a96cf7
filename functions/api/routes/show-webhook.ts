import { webhookNotFound, webhookVersion } from '../../../lib/orchestrator/put-webhook.ts';
import { ETAG, tagOf } from '../entity-tag.ts';
import { defineRoute } from '../route.ts';
import { viewOf, webhookName, webhookView } from '../webhook-view.ts';

export const showWebhook = defineRoute({
  method: 'GET',
  path: '/api/sync/webhooks/{name}',
  role: 'admin',
  runs: 'webhooks',
  summary: 'One webhook',
  params: { name: webhookName },
  responses: { 200: { description: 'The webhook.', schema: webhookView, headers: ETAG } },

  handle: async ({ params }, { clock }, { webhooks }) => {
    const found = await webhooks.get(params.name ?? '');
    if (!found) throw webhookNotFound();
    return { status: 200, headers: { etag: tagOf(webhookVersion(found)) }, body: viewOf(found, clock()) };
  },
});
