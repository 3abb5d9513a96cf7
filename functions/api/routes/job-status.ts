import { createHash } from 'node:crypto';
import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';
import { jobStatus as fold, hasEnded, type StatusView, statusView } from '../../../lib/orchestrator/status.ts';
import { defineRoute } from '../route.ts';

export const jobStatus = defineRoute({
  method: 'GET',
  path: '/api/sync/status/{job_id}',
  role: 'viewer',
  runs: 'queries',
  summary: 'State, progress and result of a job',
  params: { job_id: z.uuid() },
  responses: {
    200: {
      description: 'The job with its tables.',
      schema: statusView,
      headers: { etag: 'For if-none-match; times and rates do not change it.', 'retry-after': 'While the job runs.' },
    },
    304: { description: 'Nothing happened since the answer with this etag.' },
  },

  handle: async ({ params, headers }, { jobs, clock }, { audit, usage }) => {
    const id = (params.job_id ?? '').toLowerCase();
    const [job, tables, progress, healing, used] = await Promise.all([
      jobs.get(id),
      jobs.tables(id),
      jobs.progress(id),
      audit.head(id).then(
        (head) => head.healing,
        () => [], // it says how, not where the job stands
      ),
      usage.of(id).catch(() => undefined), // likewise
    ]);
    if (!job) throw new SyncError('job_not_found', 'there is no job with this id');
    const view = fold(job, { tables, progress, healing, usage: used }, clock());
    const tag = etag(view);
    const always = { etag: tag, ...(!hasEnded(view) && { 'retry-after': '1' }) };
    if (matches(headers['if-none-match'], tag)) return { status: 304, headers: always };
    return { status: 200, headers: always, body: view };
  },
});

/** Of what happened, without what only the time of asking changes. Weak: equal tags do not mean equal bytes. */
function etag({ seconds, rows_per_second, eta_seconds, ...lasting }: StatusView): string {
  return `W/"${createHash('sha256').update(JSON.stringify(lasting)).digest('base64url').slice(0, 27)}"`;
}

function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  const strong = (t: string) => t.trim().replace(/^W\//, '');
  return ifNoneMatch?.split(',').some((t) => t.trim() === '*' || strong(t) === strong(tag)) ?? false;
}
