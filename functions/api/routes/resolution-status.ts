import * as z from 'zod';
import { type ResolutionView, resolutionView } from '../../../lib/model/conflict-answers.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { hasEnded, type Resolution } from '../../../lib/model/resolution.ts';
import { defineRoute } from '../route.ts';

/** An order without what only its steps need. */
export function viewOf({ seq, step, cursor, pages, at, stride, ...rest }: Resolution): ResolutionView {
  return JSON.parse(JSON.stringify(rest)) as ResolutionView; // plain values; only readonly is lost
}

export const resolutionStatus = defineRoute({
  method: 'GET',
  path: '/api/sync/conflicts/{job_id}/resolutions/{resolution_id}',
  role: 'viewer',
  runs: 'queries',
  summary: 'How far an order to decide many conflicts has come',
  params: { job_id: z.uuid(), resolution_id: z.uuid() },
  responses: {
    200: {
      description: 'The order.',
      schema: resolutionView,
      headers: { 'retry-after': 'While it goes on.' },
    },
  },

  handle: async ({ params }, _services, { resolutions }) => {
    const found = await resolutions.get((params.resolution_id ?? '').toLowerCase());
    if (found?.job_id !== (params.job_id ?? '').toLowerCase())
      throw new SyncError('resolution_not_found', 'this job has no such resolution');
    return { status: 200, ...(!hasEnded(found) && { headers: { 'retry-after': '1' } }), body: viewOf(found) };
  },
});
