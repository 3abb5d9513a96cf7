import * as z from 'zod';
import { JOB_STATES, type JobMode } from '../../lib/model/job.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { tlsProblems } from './connection-field.ts';
import { pairFields, pairProblems, saidPair } from './pair-fields.ts';
import { defineRoute } from './route.ts';

const body = z
  .strictObject({
    ...pairFields,
    config: jobConfigSchema.prefault({}),
  })
  .meta({ id: 'StartRequest', description: 'Each side is a connection or the name of an environment.' });

const started = z
  .object({ job_id: z.uuid(), state: z.enum(JOB_STATES), status_url: z.string() })
  .meta({ id: 'JobStarted' });

/** The route that starts jobs of one mode; all of them take and answer the same. */
export const startRoute = (mode: JobMode, summary: string) =>
  defineRoute<z.output<typeof body>>({
    method: 'POST',
    path: `/api/sync/${mode}`,
    role: 'operator',
    runs: 'commands',
    summary,
    body,
    idempotent: true,
    responses: {
      202: {
        description: 'The job was accepted; follow status_url.',
        schema: started,
        headers: { location: 'The job status.', 'retry-after': 'Seconds to wait before asking for it.' },
      },
    },

    alsoCheck: (json, { settings }) => [...pairProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

    handle: async ({ body, actor, subject, workId }, { jobs }, { startJob }) => {
      const ask = {
        jobId: workId,
        ...saidPair(body),
        config: body.config,
        mode,
        actor,
        ...(subject !== undefined && { subject }),
      };
      // a start whose answer was lost has stored its job
      const job = (await jobs.get(workId)) ?? (await startJob(ask));
      const statusUrl = `/api/sync/status/${job.job_id}`;
      return {
        status: 202,
        headers: { location: statusUrl, 'retry-after': '1' },
        body: { job_id: job.job_id, state: job.state, status_url: statusUrl },
      };
    },
  });
