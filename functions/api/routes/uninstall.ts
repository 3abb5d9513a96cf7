import * as z from 'zod';
import { uninstallView } from '../../../lib/model/uninstall.ts';
import { ownConnectionField, tlsProblem } from '../connection-field.ts';
import { environmentName } from '../environment-name.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    connection: ownConnectionField('/connection', 'The database that the service is taken out of.'),
    environment: environmentName.optional().meta({ description: 'Name of an environment, in place of connection.' }),
    confirm: z.boolean().default(false).meta({ description: 'Remove what a call without it shows.' }),
    everything: z.boolean().default(false).meta({
      description: 'Its environments and the keys of masks of its pairs as well (docs/uninstall.md).',
    }),
  })
  .meta({ id: 'UninstallRequest' });

/** One of the two. */
function missing(json: unknown) {
  const given = z.looseObject({}).safeParse(json).data ?? {};
  const said = ['connection', 'environment'].filter((field) => given[field] !== undefined);
  if (said.length === 1) return [];
  const found = said.length === 0 ? 'neither' : 'both';
  const code = said.length === 0 ? ('required' as const) : ('invalid_request' as const);
  return [{ code, field: '/connection', message: `expected connection or environment, found ${found}` }];
}

export const uninstallRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/uninstall',
  role: 'admin',
  runs: 'uninstall',
  summary: 'Look at what the service keeps in a database, and, with confirm, take it out: schema, slots, publications',
  body,
  responses: {
    200: {
      description: 'What there is, or was; `complete`: nothing of the service is left there.',
      schema: uninstallView,
    },
  },

  alsoCheck: (json, { settings }) => [
    ...tlsProblem(json, { field: 'connection' }, settings.tlsPolicy),
    ...missing(json),
  ],

  handle: async ({ body, actor, requestId }, _services, { uninstall }) => {
    const { connection, environment, ...how } = body;
    const said = { ...(connection && { connection }), ...(environment !== undefined && { environment }) };
    return { status: 200, body: await uninstall({ ...how, ...said, actor, requestId }) };
  },
});
