import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import { jobStatus as fold, hasEnded, type StatusView, statusView } from '../../../lib/orchestrator/status.ts';
import type { ConflictStore } from '../../../lib/ports.ts';
import { defineRoute } from '../route.ts';
import { hasSeen, tagFor } from '../seen-answer.ts';

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

  handle: async ({ params, headers }, { jobs, clock }, { audit, usage, conflicts }) => {
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
    const openConflicts = await openNow(job, conflicts, clock());
    const view = fold(job, { tables, progress, healing, usage: used, openConflicts }, clock());
    const tag = etag(view);
    const always = { etag: tag, ...(!hasEnded(view) && { 'retry-after': '1' }) };
    if (hasSeen(headers['if-none-match'], tag)) return { status: 304, headers: always };
    return { status: 200, headers: always, body: view };
  },
});

/** An index shows only later what the end of the job has written; until then the job itself knows. */
const INDEXED_MS = 10_000;

/** Conflicts of a job that has completed and that nobody has decided since. */
async function openNow(job: Job, conflicts: Pick<ConflictStore, 'count'>, now: Date): Promise<number | undefined> {
  if (job.ended_at === undefined || !job.state.startsWith('completed')) return undefined;
  const atEnd = job.open_conflicts ?? 0;
  if (atEnd === 0 || now.getTime() - Date.parse(job.ended_at) < INDEXED_MS) return atEnd;
  return conflicts.count({ job_id: job.job_id, state: 'open' }).catch(() => undefined); // it says what waits, not what the job did
}

/** Of what happened, without what only the time of asking changes. */
const etag = ({ seconds, rows_per_second, eta_seconds, ...lasting }: StatusView): string => tagFor(lasting);
