import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { projectPlan } from '../../../lib/model/project-plan.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { connectionField, tlsProblems } from '../connection-field.ts';
import { defineRoute } from '../route.ts';

/** Connections alone: the function that plans may read no secret, so it cannot look a name up. */
const body = z
  .strictObject({
    source_connection: connectionField('source'),
    target_connection: connectionField('target'),
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

  alsoCheck: (json, { settings }) => tlsProblems(json, settings.tlsPolicy),

  handle: async ({ body }, _services, { planProject }) => ({
    status: 200,
    body: await planProject({
      jobId: `plan-${randomUUID()}`,
      pair: { source: body.source_connection, target: body.target_connection },
      config: body.config,
    }),
  }),
});
