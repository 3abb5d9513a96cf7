import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import { projectPlan } from '../../../lib/model/project-plan.ts';
import { tlsProblems } from '../connection-field.ts';
import { defineRoute } from '../route.ts';
import { startBody } from '../start-route.ts';

export const planProjectRoute = defineRoute<z.output<typeof startBody>>({
  method: 'POST',
  path: '/api/sync/projects/plan',
  role: 'operator',
  runs: 'projects',
  summary:
    'Say what a job with config.project would sync: its tables, how they hang together, and their rows on both sides',
  body: startBody,
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
