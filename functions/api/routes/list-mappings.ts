import * as z from 'zod';
import { mappingSummary } from '../../../lib/model/stored-mapping.ts';
import { listMappings } from '../../../lib/orchestrator/mappings.ts';
import { decodePage, encodePage } from '../page-token.ts';
import { defineRoute } from '../route.ts';

const query = z.strictObject({
  limit: z.int().min(1).max(500).default(100),
  next_token: z.string().max(1000).optional(),
});
const page = z
  .object({ mappings: z.array(mappingSummary), next_token: z.string().optional() })
  .meta({ id: 'MappingPage' });

const OF = { list: 'mappings' };
const place = z.object({ after: z.string() });

export const listMappingsRoute = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/mappings',
  role: 'viewer',
  runs: 'mappings',
  summary: 'List stored mappings, by name',
  query,
  responses: { 200: { description: 'A page of them.', schema: page } },

  handle: async ({ query: { limit, next_token } }, _services, { mappings }) => {
    const { after } = next_token === undefined ? { after: '' } : place.parse(decodePage(OF, next_token));
    const found = await listMappings({ after, limit }, { mappings });
    return {
      status: 200,
      body: {
        mappings: found.mappings,
        ...(found.last !== undefined && { next_token: encodePage(OF, { after: found.last }) }),
      },
    };
  },
});
