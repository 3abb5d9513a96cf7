import { randomUUID } from 'node:crypto';
import { putWebhook, removeWebhook, rotateKey, testWebhook } from '../../lib/orchestrator/put-webhook.ts';
import { bareServices } from '../runtime.ts';
import { webhookServices } from '../webhook-services.ts';
import { apiHandler } from './handler.ts';
import { webhookRoutes } from './routes/webhooks.ts';

/** Lambda handler of the routes that keep webhooks. It knows no job and no database. */
export const handler = apiHandler({
  serves: webhookRoutes,
  services: bareServices,
  parts: (core) => {
    const kept = webhookServices(core);
    const ports = { ...kept, clock: core.clock };
    return {
      webhooks: kept.webhooks,
      webhookHosts: kept.hosts,
      putWebhook: (put) => putWebhook(put, ports),
      rotateWebhook: (request) => rotateKey(request, ports),
      removeWebhook: (name, seen) => removeWebhook(name, ports, seen),
      testWebhook: (name) => testWebhook({ name, id: `webhook_test-${randomUUID()}` }, ports),
    };
  },
});
