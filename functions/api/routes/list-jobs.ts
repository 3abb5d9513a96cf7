import * as z from 'zod';
import { JOB_STATES } from '../../../lib/model/job.ts';
import { jobSummary, summarise } from '../../../lib/orchestrator/status.ts';
import type { JobStore } from '../../../lib/ports.ts';
import { findJobs, type JobFilter } from '../job-filter.ts';
import { defineRoute } from '../route.ts';
import { instant } from './audit-query.ts';

/** Of this list, and of that of the jobs of projects. */
export const jobQuery = z.strictObject({
  limit: z.int().min(1).max(100).default(20).meta({ description: 'Most jobs on one page.' }),
  status: z.enum(JOB_STATES).optional().meta({ description: 'Only jobs in this state.' }),
  text: z.string().min(1).max(200).optional().meta({
    description:
      'Anywhere in the id, databases, hosts, environments, actor, code of a failure or root table, whatever the case.',
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

type JobQuery = z.output<typeof jobQuery>;

/** The page of jobs that a query asks for. */
export function jobsOf(
  { limit, status, next_token, ...filter }: JobQuery,
  jobs: Pick<JobStore, 'list'>,
  more: JobFilter = {},
) {
  const page = {
    limit,
    ...(status !== undefined && { state: status }),
    ...(next_token !== undefined && { cursor: next_token }),
  };
  return findJobs(jobs, page, { ...filter, ...more });
}

export const listJobs = defineRoute<undefined, JobQuery>({
  method: 'GET',
  path: '/api/sync/jobs',
  role: 'viewer',
  runs: 'queries',
  summary: 'List jobs, newest first',
  query: jobQuery,
  responses: { 200: { description: 'A page of jobs.', schema: page } },

  handle: async ({ query }, { jobs }) => {
    const found = await jobsOf(query, jobs);
    return {
      status: 200,
      body: { jobs: found.jobs.map(summarise), ...(found.cursor !== undefined && { next_token: found.cursor }) },
    };
  },
});
