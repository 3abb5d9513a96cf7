import * as z from 'zod';
import { noEnvironment } from '../../../lib/orchestrator/named-pair.ts';
import { ETAG, tagOf } from '../entity-tag.ts';
import { environmentName } from '../environment-name.ts';
import { environmentView, viewOf } from '../environment-view.ts';
import { defineRoute } from '../route.ts';

const list = z.object({ environments: z.array(environmentView) }).meta({ id: 'EnvironmentList' });

export const listEnvironments = defineRoute({
  method: 'GET',
  path: '/api/sync/environments',
  role: 'viewer',
  runs: 'environments',
  summary: 'List environments: named connections, and what may be done with them',
  responses: { 200: { description: 'All environments, in name order.', schema: list } },

  handle: async (_request, _services, { environments }) => ({
    status: 200,
    body: { environments: (await environments.list()).map(viewOf) },
  }),
});

export const showEnvironment = defineRoute({
  method: 'GET',
  path: '/api/sync/environments/{name}',
  role: 'viewer',
  runs: 'environments',
  summary: 'One environment',
  params: { name: environmentName },
  responses: { 200: { description: 'The environment.', schema: environmentView, headers: ETAG } },

  handle: async ({ params }, _services, { environments }) => {
    const name = params.name ?? '';
    const found = await environments.get(name);
    if (!found) throw noEnvironment(name);
    return { status: 200, headers: { etag: tagOf(found) }, body: viewOf(found) };
  },
});
