import { cancelResolution } from '../../lib/orchestrator/cancel-resolution.ts';
import { describeConflict } from '../../lib/orchestrator/describe-conflict.ts';
import { applyDecision } from '../../lib/orchestrator/resolve-conflict.ts';
import { previewResolution, startResolution } from '../../lib/orchestrator/start-resolution.ts';
import { drawShapes, readLabels } from '../../lib/postgres/deciding-databases.ts';
import { queueClient } from '../aws/clients.ts';
import { awsResolutionQueue } from '../aws/queue.ts';
import { decidingPorts } from '../deciding-ports.ts';
import { conflictServices, coreServices, withAudit } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { conflictRoutes } from './routes/conflicts.ts';

/** Lambda handler of the routes that look at rows of a conflict, or decide it. */
export const handler = apiHandler({
  serves: conflictRoutes,
  services: coreServices,
  parts: (core) => {
    const stores = conflictServices();
    const ports = () => ({ ...decidingPorts(withAudit(core)), conflicts: stores.conflicts });
    const queue = awsResolutionQueue(queueClient, () => core.settings.resolutionQueueUrl);
    return {
      ...stores,
      describeConflict: (conflict, seesMasked, images) =>
        describeConflict(
          conflict,
          { seesMasked, ...(images && { images }) },
          { ...ports(), draw: drawShapes, labels: readLabels },
        ),
      decideConflict: (request) => applyDecision(request, ports()),
      previewResolution: (jobId, filter) => previewResolution(jobId, filter, { ...core, ...stores }),
      startResolution: (request) => startResolution(request, { ...core, ...stores, queue }),
      cancelResolution: (request) => cancelResolution(request, { ...core, ...stores }),
    };
  },
});
