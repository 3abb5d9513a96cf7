import * as z from 'zod';
import { tableValidation } from '../../../lib/model/schema-check.ts';
import { storedValidation } from '../../../lib/orchestrator/stored-validation.ts';
import { defineRoute } from '../route.ts';

const path = '/api/sync/validate/{job_id}/{table_name}';

/** `schema.table`, percent-encoded; of a table that only one schema has, its bare name will do. */
const params = { job_id: z.uuid(), table_name: z.string().min(1).max(200) };

export const storedTableValidation = defineRoute({
  method: 'GET',
  path,
  role: 'viewer',
  runs: 'queries',
  summary: 'What the job has found in both catalogs of a table, and what had changed since the job before',
  params,
  responses: { 200: { description: 'As it was when the job was prepared.', schema: tableValidation } },

  handle: async ({ params }, { jobs }) => ({
    status: 200,
    body: await storedValidation((params.job_id ?? '').toLowerCase(), params.table_name ?? '', { jobs }),
  }),
});

export const freshTableValidation = defineRoute({
  method: 'POST',
  path,
  role: 'viewer',
  runs: 'commands',
  summary: 'Compare both catalogs of a table now; writes nothing',
  params,
  responses: { 200: { description: 'As it is now.', schema: tableValidation } },

  handle: async ({ params }, _services, { validateTable }) => ({
    status: 200,
    body: await validateTable((params.job_id ?? '').toLowerCase(), params.table_name ?? ''),
  }),
});
