import * as z from 'zod';
import { JOB_STATES } from '../../../lib/model/job.ts';
import { defineRoute } from '../route.ts';

/** What a command about a job answers: where the job stands now, and where to follow it. */
export const jobMoved = z
  .object({ job_id: z.uuid(), state: z.enum(JOB_STATES), status_url: z.string() })
  .meta({ id: 'JobMoved' });

export const statusUrl = (jobId: string): string => `/api/sync/status/${jobId}`;

export const stopJob = defineRoute({
  method: 'POST',
  path: '/api/sync/stop/{job_id}',
  role: 'operator',
  runs: 'commands',
  summary: 'Stop a job; what was applied stays',
  params: { job_id: z.uuid() },
  responses: {
    200: { description: 'The job is stopped: nothing is written for it any more.', schema: jobMoved },
    202: { description: 'The target does not answer; the job stops as soon as it does.', schema: jobMoved },
  },

  handle: async ({ params, actor }, _services, { stopJob }) => {
    const job = await stopJob({ jobId: (params.job_id ?? '').toLowerCase(), actor });
    return {
      status: job.state === 'stopping' ? 202 : 200,
      body: { job_id: job.job_id, state: job.state, status_url: statusUrl(job.job_id) },
    };
  },
});
