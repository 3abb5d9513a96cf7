import * as z from 'zod';
import { resolutionView } from '../../../lib/model/conflict-answers.ts';
import { defineRoute } from '../route.ts';
import { viewOf } from './resolution-status.ts';

export const cancelResolution = defineRoute({
  method: 'POST',
  path: '/api/sync/conflicts/{job_id}/resolutions/{resolution_id}/cancel',
  role: 'resolver',
  runs: 'conflicts',
  summary: 'Cancel an order to decide many conflicts; what was decided stays',
  params: { job_id: z.uuid(), resolution_id: z.uuid() },
  responses: {
    200: {
      description: 'It is cancelled, now or before. A batch that is just being applied is finished and counted.',
      schema: resolutionView,
    },
  },

  handle: async ({ params, actor }, _services, { cancelResolution }) => {
    const [resolutionId = '', jobId = ''] = [params.resolution_id, params.job_id].map((id) => id?.toLowerCase());
    return { status: 200, body: viewOf(await cancelResolution({ resolutionId, jobId, actor })) };
  },
});
