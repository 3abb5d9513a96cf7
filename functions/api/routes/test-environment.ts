import * as z from 'zod';
import { environmentName } from '../environment-name.ts';
import { testedOf, testedView } from '../environment-view.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    tables: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(1000)
      .optional()
      .meta({ description: 'Tables (schema.table) that a job would take. Default all.' }),
  })
  .meta({ id: 'TestEnvironmentRequest' });

export const testEnvironmentRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/environments/{name}/test',
  role: 'operator',
  runs: 'environments',
  summary: 'Connect to an environment, and say what its role lacks to be source or target, with the GRANTs',
  params: { name: environmentName },
  body,
  bodyOptional: true,
  responses: { 200: { description: 'It answers. What is missing is in the lists.', schema: testedView } },

  handle: async ({ params, body }, _services, { testEnvironment }) => ({
    status: 200,
    body: testedOf(await testEnvironment(params.name ?? '', body.tables)),
  }),
});
