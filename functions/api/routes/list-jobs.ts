import * as z from 'zod';
import { JOB_STATES } from '../../../lib/model/job.ts';
import { jobSummary, summarise } from '../../../lib/orchestrator/status.ts';
import { findJobs } from '../job-filter.ts';
import { defineRoute } from '../route.ts';
import { instant } from './audit-query.ts';

const query = z.strictObject({
  limit: z.int().min(1).max(100).default(20).meta({ description: 'Most jobs on one page.' }),
  status: z.enum(JOB_STATES).optional().meta({ description: 'Only jobs in this state.' }),
  text: z.string().min(1).max(200).optional().meta({
    description: 'Anywhere in the id, databases, hosts, environments, actor or code of a failure, whatever the case.',
  }),
  source: z.string().min(1).max(200).optional().meta({ description: 'Name of the source: database or environment.' }),
  target: z.string().min(1).max(200).optional().meta({ description: 'Name of the target: database or environment.' }),
  from: instant('from').meta({ description: 'Created at or after this date or instant, ISO 8601.' }),
  to: instant('to').meta({ description: 'Created before it.' }),
  next_token: z.string().max(512).optional().meta({ description: 'From the page before.' }),
});

const page = z
  .object({
    jobs: z.array(jobSummary),
    next_token: z.string().optional().meta({
      description: 'There may be more: ask again with it. A page with filters may hold fewer jobs than limit, or none.',
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
    const { limit, status, next_token, ...filter } = query;
    const page = {
      limit,
      ...(status !== undefined && { state: status }),
      ...(next_token !== undefined && { cursor: next_token }),
    };
    const found = await findJobs(jobs, page, filter);
    return {
      status: 200,
      body: { jobs: found.jobs.map(summarise), ...(found.cursor !== undefined && { next_token: found.cursor }) },
    };
  },
});
