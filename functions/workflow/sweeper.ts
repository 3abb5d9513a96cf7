import { sweep } from '../../lib/orchestrator/sweep.ts';
import { runPorts } from '../run-ports.ts';
import { auditedServices } from '../runtime.ts';

/** Each minute: looks after jobs whose run died. It waits for no connection: there are other jobs, and the next minute. */
export async function handler(): Promise<void> {
  const { patience: _, ...ports } = runPorts(auditedServices(), 'step');
  await sweep(ports);
}
