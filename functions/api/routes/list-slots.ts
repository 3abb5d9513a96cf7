import * as z from 'zod';
import { slotView } from '../../../lib/model/slot-view.ts';
import { tlsProblems } from '../connection-field.ts';
import { saidPair, sourceFields, sourceProblems } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z.strictObject(sourceFields).meta({ id: 'ListSlotsRequest' });

export const listSlotsRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/pairs/slots',
  role: 'operator',
  runs: 'pairs',
  summary: 'List the replication slots of this service on the server of a source, with the log that each keeps',
  body,
  responses: {
    200: {
      description: 'Every slot whose name begins with tfsync_, whatever database of the server it tells of.',
      schema: z.object({ slots: z.array(slotView) }),
    },
  },

  alsoCheck: (json, { settings }) => [...sourceProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body }, _services, { listSlots }) => ({
    status: 200,
    body: { slots: await listSlots(saidPair(body)) },
  }),
});
