import * as z from 'zod';
import type { Conflict } from '../../../lib/model/conflict.ts';
import { type ExpectedPrints, conflictDetail as schema } from '../../../lib/model/conflict-answers.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { mayCall } from '../../../lib/model/roles.ts';
import type { ConflictStore } from '../../../lib/ports.ts';
import { defineRoute } from '../route.ts';

/** Made of the pair, the table and the key. */
export const conflictParam = z.string().regex(/^[0-9a-f]{32}$/);

/** A conflict of a job: one that it opened or saw last. Throws `conflict_not_found`. */
export async function conflictOf(
  params: Readonly<Record<string, string>>,
  { conflicts }: { readonly conflicts: ConflictStore },
): Promise<Conflict> {
  const jobId = (params.job_id ?? '').toLowerCase();
  const found = await conflicts.get(params.conflict_id ?? '');
  if (found && [found.opened_by, found.seen_by].includes(jobId)) return found;
  throw new SyncError('conflict_not_found', 'this job has no such conflict');
}

/** Both sides as an entity tag: it changes when one of them does. */
export const etagOf = ({ source, target }: ExpectedPrints): string => `"${source ?? '-'}.${target ?? '-'}"`;

export const conflictDetail = defineRoute({
  method: 'GET',
  path: '/api/sync/conflicts/{job_id}/{conflict_id}',
  role: 'viewer',
  runs: 'conflicts',
  summary: 'A conflict with both rows as they are now, and a suggestion',
  params: { job_id: z.uuid(), conflict_id: conflictParam },
  responses: {
    200: {
      description: 'The conflict. Values of tagged columns are masked for those who may not decide.',
      schema,
      headers: { etag: 'Of both rows; for if-match of a decision.' },
    },
  },

  handle: async ({ params, roles }, _services, { conflicts, describeConflict }) => {
    const conflict = await conflictOf(params, { conflicts });
    const detail = await describeConflict(conflict, mayCall('resolver', roles));
    return { status: 200, headers: { etag: etagOf(detail.expected) }, body: detail };
  },
});
