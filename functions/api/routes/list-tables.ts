import * as z from 'zod';
import { pairTables } from '../../../lib/model/pair-tables.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject(pairFields)
  .meta({ id: 'ListTablesRequest', description: 'Each side is a connection or the name of an environment.' });

export const listTablesRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/tables',
  role: 'operator',
  runs: 'environments',
  summary:
    'Connect to both databases: their tables with estimated rows and sizes, and what the roles lack, with the GRANTs',
  body,
  responses: { 200: { description: 'Both answer. Nothing was written or kept.', schema: pairTables } },

  alsoCheck: (json, { settings }) => [...pairProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body }, _services, { listTables }) => ({ status: 200, body: await listTables(saidPair(body)) }),
});
