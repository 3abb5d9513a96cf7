import { describeConflict } from '../../lib/orchestrator/describe-conflict.ts';
import { applyDecision } from '../../lib/orchestrator/resolve-conflict.ts';
import { previewResolution, startResolution } from '../../lib/orchestrator/start-resolution.ts';
import { queueClient } from '../aws/clients.ts';
import { awsResolutionQueue } from '../aws/queue.ts';
import { runPorts } from '../run-ports.ts';
import { services } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { conflictRoutes } from './routes/conflicts.ts';

/** Lambda handler of the routes that look at rows of a conflict, or decide it. */
export const handler = apiHandler({
  serves: conflictRoutes,
  services,
  parts: (core) => {
    const queue = awsResolutionQueue(queueClient, () => core.settings.resolutionQueueUrl);
    return {
      describeConflict: (conflict, seesMasked, images) =>
        describeConflict(conflict, { seesMasked, ...(images && { images }) }, runPorts(core, 'command')),
      decideConflict: (request) => applyDecision(request, runPorts(core, 'command')),
      previewResolution: (jobId, filter) => previewResolution(jobId, filter, core),
      startResolution: (request) => startResolution(request, { ...core, queue }),
    };
  },
});
