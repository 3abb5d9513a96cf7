import * as z from 'zod';
import { JOB_STATES } from '../../../lib/model/job.ts';
import { jobSummary, summarise } from '../../../lib/orchestrator/status.ts';
import { defineRoute } from '../route.ts';

const query = z.strictObject({
  limit: z.int().min(1).max(100).default(20).meta({ description: 'Most jobs on one page.' }),
  status: z.enum(JOB_STATES).optional().meta({ description: 'Only jobs in this state.' }),
  next_token: z.string().max(512).optional().meta({ description: 'From the page before.' }),
});

const page = z
  .object({
    jobs: z.array(jobSummary),
    next_token: z.string().optional().meta({
      description: 'There may be more: ask again with it. A page with a status filter may hold fewer jobs than limit.',
    }),
  })
  .meta({ id: 'JobPage' });

export const listJobs = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/jobs',
  role: 'viewer',
  runs: 'queries',
  summary: 'List jobs, newest first',
  query,
  responses: { 200: { description: 'A page of jobs.', schema: page } },

  handle: async ({ query }, { jobs }) => {
    const { limit, status, next_token } = query;
    const found = await jobs.list({
      limit,
      ...(status !== undefined && { state: status }),
      ...(next_token !== undefined && { cursor: next_token }),
    });
    return {
      status: 200,
      body: { jobs: found.jobs.map(summarise), ...(found.cursor !== undefined && { next_token: found.cursor }) },
    };
  },
});
