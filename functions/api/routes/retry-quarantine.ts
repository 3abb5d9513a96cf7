import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type QuarantineFilter, quarantineFilter, retryStarted } from '../../../lib/model/quarantine.ts';
import { defineRoute } from '../route.ts';
import { statusUrl } from './stop-job.ts';

export const retryQuarantine = defineRoute<QuarantineFilter>({
  method: 'POST',
  path: '/api/sync/quarantine/{job_id}/retry',
  role: 'operator',
  runs: 'quarantine',
  summary: 'Start a job over the rows that another one has put aside',
  params: { job_id: z.uuid() },
  body: quarantineFilter,
  bodyOptional: true,
  responses: {
    202: {
      description: 'The job was accepted; follow status_url. `rows`: how many it looks at again.',
      schema: retryStarted,
      headers: { location: 'The job status.' },
    },
  },

  handle: async ({ params, body, actor }, _services, { retryQuarantine }) => {
    const { job, rows, wholeTables } = await retryQuarantine({
      jobId: (params.job_id ?? '').toLowerCase(),
      retryId: randomUUID(),
      filter: body,
      actor,
    });
    const status_url = statusUrl(job.job_id);
    return {
      status: 202,
      headers: { location: status_url },
      body: { job_id: job.job_id, state: job.state, status_url, rows, whole_tables: [...wholeTables] },
    };
  },
});
