import * as z from 'zod';
import { defineRoute } from '../route.ts';
import { healthOf, healthView } from './health.ts';

const SERVICES = ['database_sync', 'project_sync'] as const;

const answer = z
  .object({
    version: z.string(),
    services: z.array(
      z.object({ name: z.enum(SERVICES), version: z.string(), status: z.enum(['ok', 'degraded']), base: z.string() }),
    ),
    health: healthView,
  })
  .meta({ id: 'ServicesStatus' });

const BASES: Readonly<Record<(typeof SERVICES)[number], string>> = {
  database_sync: '/api/sync',
  project_sync: '/api/sync/projects',
};

/** Both services are one engine over the same stores, so what is down is down for both. */
export const servicesStatusRoute = defineRoute({
  method: 'GET',
  path: '/api/v1/status',
  role: 'viewer',
  runs: 'queries',
  summary: 'Version and health of both services: database sync and project sync',
  responses: {
    200: { description: 'Everything answers.', schema: answer },
    503: { description: 'Something does not; health names it.', schema: answer },
  },

  handle: async (_request, { settings }, { dependencies }) => {
    const health = await healthOf(dependencies, settings.version);
    const { status, version } = health;
    const services = SERVICES.map((name) => ({ name, version, status, base: BASES[name] }));
    return { status: status === 'ok' ? 200 : 503, body: { version, services, health } };
  },
});
