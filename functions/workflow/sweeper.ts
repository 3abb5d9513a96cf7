import { sweep } from '../../lib/orchestrator/sweep.ts';
import { runPorts } from '../run-ports.ts';
import { services } from '../runtime.ts';

/** Each minute: looks after jobs whose run died. */
export async function handler(): Promise<void> {
  await sweep(runPorts(services()));
}
