import * as z from 'zod';
import { hasEnded } from '../../../lib/orchestrator/status.ts';
import { tableOf } from '../../../lib/orchestrator/stored-validation.ts';
import { tableDetail, tableDetailView } from '../../../lib/orchestrator/table-detail.ts';
import { defineRoute } from '../route.ts';
import { hasSeen, tagFor } from '../seen-answer.ts';

export const jobTable = defineRoute({
  method: 'GET',
  path: '/api/sync/status/{job_id}/{table_name}',
  role: 'viewer',
  runs: 'queries',
  summary: 'One table of a job, and how far each of its segments has come',
  params: { job_id: z.uuid(), table_name: z.string().min(1).max(200) },
  responses: {
    200: {
      description: 'The table as in the status of the job, with its segments.',
      schema: tableDetailView,
      headers: { etag: 'For if-none-match.', 'retry-after': 'While the job runs.' },
    },
    304: { description: 'Nothing happened since the answer with this etag.' },
  },

  handle: async ({ params, headers }, { jobs }) => {
    const id = (params.job_id ?? '').toLowerCase();
    const [{ job, table }, progress] = await Promise.all([
      tableOf(id, params.table_name ?? '', { jobs }),
      jobs.progress(id),
    ]);
    const view = tableDetail(job, table, progress);
    const tag = tagFor(view);
    const always = { etag: tag, ...(!hasEnded(job) && { 'retry-after': '1' }) };
    if (hasSeen(headers['if-none-match'], tag)) return { status: 304, headers: always };
    return { status: 200, headers: always, body: view };
  },
});
