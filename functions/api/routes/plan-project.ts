import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { projectPlan } from '../../../lib/model/project-plan.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    ...pairFields,
    config: jobConfigSchema.prefault({}),
  })
  .meta({ id: 'PlanProjectRequest' });

export const planProjectRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/projects/plan',
  role: 'operator',
  runs: 'projects',
  summary:
    'Say what a job with config.project would sync: its tables, how they hang together, and their rows on both sides',
  body,
  responses: { 200: { description: 'The plan. Nothing was started or written.', schema: projectPlan } },

  alsoCheck: (json, { settings }) => [...pairProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body }, _services, { planProject }) => ({
    status: 200,
    body: await planProject({
      jobId: `plan-${randomUUID()}`,
      ...saidPair(body),
      config: body.config,
    }),
  }),
});
