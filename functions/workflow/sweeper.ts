import { sweep } from '../../lib/orchestrator/sweep.ts';
import { sweepResolutions } from '../../lib/orchestrator/sweep-resolutions.ts';
import { queueClient } from '../aws/clients.ts';
import { awsResolutionQueue } from '../aws/queue.ts';
import { runPorts } from '../run-ports.ts';
import { auditedServices, conflictServices } from '../runtime.ts';

/**
 * Each minute: looks after jobs whose run died, then after orders to decide conflicts. It waits for no connection: there
 * are other jobs, and the next minute.
 */
export async function handler(): Promise<void> {
  const s = auditedServices();
  const { patience: _, ...ports } = runPorts(s, 'step');
  const { conflicts, resolutions } = conflictServices();
  await sweep({ ...ports, conflicts });
  const queue = awsResolutionQueue(queueClient, () => s.settings.resolutionQueueUrl);
  await sweepResolutions({ resolutions, queue, clock: s.clock, log: s.log });
}
