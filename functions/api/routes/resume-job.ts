import * as z from 'zod';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { defineRoute } from '../route.ts';
import { jobMoved, statusUrl } from './stop-job.ts';

const body = z
  .strictObject({
    config: jobConfigSchema
      .optional()
      .meta({ description: 'Not needed. Where given, it must be the config the job was started with.' }),
    confirm_deletes: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'The number of deletes to accept, where the job paused before them (confirm_required).' }),
  })
  .meta({ id: 'ResumeRequest' });

export const resumeJob = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/resume/{job_id}',
  role: 'operator',
  runs: 'commands',
  summary: 'Let a job go on from its checkpoints',
  params: { job_id: z.uuid() },
  body,
  bodyOptional: true,
  responses: {
    202: {
      description: 'The job goes on; follow status_url.',
      schema: jobMoved,
      headers: { location: 'The job status.', 'retry-after': 'Seconds to wait before asking for it.' },
    },
  },

  handle: async ({ body, params, actor }, _services, { resumeJob }) => {
    const job = await resumeJob({
      jobId: (params.job_id ?? '').toLowerCase(),
      actor,
      ...(body.config && { config: body.config }),
      ...(body.confirm_deletes !== undefined && { confirmDeletes: body.confirm_deletes }),
    });
    const location = statusUrl(job.job_id);
    return {
      status: 202,
      headers: { location, 'retry-after': '1' },
      body: { job_id: job.job_id, state: job.state, status_url: location },
    };
  },
});
