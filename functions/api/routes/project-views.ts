import * as z from 'zod';
import { conflictPage } from '../../../lib/model/conflict-answers.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import { viewOf } from '../../../lib/orchestrator/conflict-detail.ts';
import { jobSummary, summarise } from '../../../lib/orchestrator/status.ts';
import { openConflicts } from '../project-conflicts.ts';
import { defineRoute, type Route } from '../route.ts';
import { jobStatus } from './job-status.ts';
import { jobQuery, jobsOf } from './list-jobs.ts';

/** What tells a project's job from others. Key values are in its config, which GET .../job/{job_id} shows. */
const projectJob = z
  .object({ ...jobSummary.shape, root: z.string().meta({ description: 'The root table of its project.' }) })
  .meta({ id: 'ProjectJob' });

const ofProject = (jobs: readonly Job[]) =>
  jobs.flatMap((job) => {
    const { project } = job.config;
    return project ? [{ ...summarise(job), root: project.root }] : [];
  });

const page = z
  .object({
    jobs: z.array(projectJob),
    next_token: z.string().optional().meta({
      description: 'There may be more: ask again with it. A page may hold fewer jobs than limit, even none.',
    }),
  })
  .meta({ id: 'ProjectJobPage' });

const projectJobs = defineRoute<undefined, z.output<typeof jobQuery>>({
  method: 'GET',
  path: '/api/sync/projects/jobs',
  role: 'viewer',
  runs: 'queries',
  summary: 'List the jobs of projects, newest first',
  query: jobQuery,
  responses: { 200: { description: 'A page of jobs.', schema: page } },

  handle: async ({ query }, { jobs }) => {
    const found = await jobsOf(query, jobs, { project: true });
    const next = found.cursor !== undefined && { next_token: found.cursor };
    return { status: 200, body: { jobs: ofProject(found.jobs), ...next } };
  },
});

const noProject = () => new SyncError('job_not_found', 'there is no job of a project with this id');

const projectJobStatus: Route = {
  ...jobStatus,
  path: '/api/sync/projects/job/{job_id}',
  summary: "State, progress and result of a project's job",
  handle: async (request, services, parts) => {
    const job = await services.jobs.get((request.params.job_id ?? '').toLowerCase());
    if (!job?.config.project) throw noProject();
    return jobStatus.handle({ ...request, body: undefined, query: {} }, services, parts);
  },
};

const conflictQuery = z.strictObject({
  job_id: z
    .uuid()
    .optional()
    .meta({ description: 'The job of a project that has opened or seen them. Without it: open ones of all projects.' }),
  limit: z.int().min(1).max(500).default(100).meta({ description: 'Most conflicts on one page.' }),
  next_token: z.string().max(4096).optional().meta({ description: 'From the page before.' }),
});

const projectConflicts = defineRoute<undefined, z.output<typeof conflictQuery>>({
  method: 'GET',
  path: '/api/sync/projects/conflicts',
  role: 'viewer',
  runs: 'queries',
  summary:
    "List the conflicts of a project's job, oldest first; or the open ones of all projects, by job, newest first",
  query: conflictQuery,
  responses: {
    200: {
      description:
        'A page of conflicts. Without job_id it may hold fewer than limit, even none, and yet not be the last.',
      schema: conflictPage,
    },
  },

  handle: async ({ query: { job_id, limit, next_token } }, { jobs }, { conflicts }) => {
    if (job_id === undefined) {
      const { found, next } = await openConflicts({ limit, from: next_token }, { jobs, conflicts });
      return { status: 200, body: { conflicts: found.map(viewOf), ...(next !== undefined && { next_token: next }) } };
    }
    const id = job_id.toLowerCase();
    if (!(await jobs.get(id))?.config.project) throw noProject();
    const found = await conflicts.list({ job_id: id, limit, ...(next_token !== undefined && { cursor: next_token }) });
    const next = found.cursor !== undefined && { next_token: found.cursor };
    return { status: 200, body: { conflicts: found.conflicts.map(viewOf), ...next } };
  },
});

/** So many of the newest jobs a dashboard looks at. */
const NEWEST = 100;

const dashboard = z
  .object({
    looked_at: z.int().meta({ description: 'How many of the newest jobs, of whatever kind, were looked at.' }),
    states: z
      .record(z.string(), z.int())
      .meta({ description: 'How many of them that are of projects are in which state.' }),
    roots: z.array(
      z.object({
        root: z.string(),
        jobs: z.int(),
        last: projectJob.meta({ description: 'The newest of them.' }),
      }),
    ),
  })
  .meta({ id: 'ProjectDashboard' });

const projectDashboard = defineRoute({
  method: 'GET',
  path: '/api/sync/projects/dashboard',
  role: 'viewer',
  runs: 'queries',
  summary: 'What the jobs of projects have come to, by root table',
  responses: { 200: { description: 'Counts and the newest job of each root table.', schema: dashboard } },

  handle: async (_request, { jobs }) => {
    const found = await jobs.list({ limit: NEWEST });
    const own = ofProject(found.jobs);
    const states = Object.fromEntries([...Map.groupBy(own, (j) => j.state)].map(([state, of]) => [state, of.length]));
    const roots = [...Map.groupBy(own, (j) => j.root)].map(([root, of]) => ({ root, jobs: of.length, last: of[0] }));
    return { status: 200, body: { looked_at: found.jobs.length, states, roots } };
  },
});

/** What the original service showed of project syncs, as JSON. */
export const projectViews: readonly Route[] = [projectDashboard, projectJobs, projectJobStatus, projectConflicts];
