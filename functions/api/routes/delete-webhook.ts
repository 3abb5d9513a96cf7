import { seenIn } from '../entity-tag.ts';
import { defineRoute } from '../route.ts';
import { webhookName } from '../webhook-view.ts';

export const deleteWebhook = defineRoute({
  method: 'DELETE',
  path: '/api/sync/webhooks/{name}',
  role: 'admin',
  runs: 'webhooks',
  summary: 'Delete a webhook and its secret; what is on its way to it is dropped',
  params: { name: webhookName },
  responses: { 204: { description: 'It is told of nothing any more.' } },

  handle: async ({ params, headers }, _services, { removeWebhook }) => {
    await removeWebhook(params.name ?? '', seenIn(headers));
    return { status: 204 };
  },
});
