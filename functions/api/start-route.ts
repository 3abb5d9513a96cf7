import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { JOB_STATES, type JobMode } from '../../lib/model/job.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { connectionField, tlsProblems } from './connection-field.ts';
import { defineRoute } from './route.ts';

export const startBody = z
  .strictObject({
    source_connection: connectionField('source'),
    target_connection: connectionField('target'),
    config: jobConfigSchema.prefault({}),
  })
  .meta({ id: 'StartRequest' });

const started = z
  .object({ job_id: z.uuid(), state: z.enum(JOB_STATES), status_url: z.string() })
  .meta({ id: 'JobStarted' });

/** The route that starts jobs of one mode; all of them take and answer the same. */
export const startRoute = (mode: JobMode, summary: string) =>
  defineRoute<z.output<typeof startBody>>({
    method: 'POST',
    path: `/api/sync/${mode}`,
    role: 'operator',
    runs: 'commands',
    summary,
    body: startBody,
    responses: {
      202: {
        description: 'The job was accepted; follow status_url.',
        schema: started,
        headers: { location: 'The job status.', 'retry-after': 'Seconds to wait before asking for it.' },
      },
    },

    alsoCheck: (json, { settings }) => tlsProblems(json, settings.tlsPolicy),

    handle: async ({ body, actor }, _services, { startJob }) => {
      const job = await startJob({
        jobId: randomUUID(),
        pair: { source: body.source_connection, target: body.target_connection },
        config: body.config,
        mode,
        actor,
      });
      const statusUrl = `/api/sync/status/${job.job_id}`;
      return {
        status: 202,
        headers: { location: statusUrl, 'retry-after': '1' },
        body: { job_id: job.job_id, state: job.state, status_url: statusUrl },
      };
    },
  });
