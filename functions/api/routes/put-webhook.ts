import * as z from 'zod';
import { problemsError, SyncError } from '../../../lib/model/errors.ts';
import { SUBSCRIBABLE } from '../../../lib/model/notification.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { hostOf, mayResolveFor, urlProblem } from '../../../lib/notifications/webhook-hosts.ts';
import { webhookVersion } from '../../../lib/orchestrator/put-webhook.ts';
import { ETAG, seenIn, tagOf } from '../entity-tag.ts';
import { defineRoute, type Parts } from '../route.ts';
import { events, viewOf, webhookName, webhookWithSecret } from '../webhook-view.ts';

const body = z
  .strictObject({
    url: z.string().max(2048).optional().meta({
      description: 'Where notifications are posted: https:// to a host of AllowedWebhookHosts. A new webhook needs it.',
      example: 'https://hooks.example.org/terrafusion',
    }),
    events: events.default([...SUBSCRIBABLE]).meta({ description: 'What it is told of; all, where nothing is said.' }),
    paused: z.boolean().default(false).meta({ description: 'It is told of nothing while it is.' }),
  })
  .meta({ id: 'PutWebhook', description: 'Without a URL a webhook keeps the one that it has. Its secret stays.' });

/** Throws where the URL cannot be one of a webhook. The text goes into no message: many hold a secret. */
function checked(url: string, hosts: ReturnType<Parts['webhookHosts']>): Secret {
  const problem = urlProblem(url, hosts);
  if (problem !== undefined) throw problemsError([{ code: 'webhook_url_invalid', field: '/url', message: problem }]);
  if (!mayResolveFor(hosts, hostOf(new URL(url))))
    throw new SyncError('host_not_allowed', 'this deployment does not connect to that host');
  return new Secret(new URL(url).href);
}

export const putWebhook = defineRoute<z.output<typeof body>>({
  method: 'PUT',
  path: '/api/sync/webhooks/{name}',
  role: 'admin',
  runs: 'webhooks',
  summary: 'Make a webhook, or change one; if-match, or if-none-match: *',
  params: { name: webhookName },
  body,
  responses: {
    200: { description: 'It was changed; its secret is the same.', schema: webhookWithSecret, headers: ETAG },
    201: {
      description: 'It is new; the answer holds its secret.',
      schema: webhookWithSecret,
      headers: { location: 'The webhook.', ...ETAG },
    },
  },

  handle: async ({ params, body, headers, actor }, { clock }, parts) => {
    const { url, ...said } = body;
    const seen = seenIn(headers);
    const name = params.name ?? '';
    const leads = url === undefined ? {} : { url: checked(url, parts.webhookHosts()) };
    const { webhook, key } = await parts.putWebhook({ ...said, ...leads, name, actor, seen });
    return {
      status: key ? 201 : 200,
      headers: { etag: tagOf(webhookVersion(webhook)), ...(key && { location: `/api/sync/webhooks/${name}` }) },
      body: { ...viewOf(webhook, clock()), ...(key && { secret: key.reveal() }) },
    };
  },
});
