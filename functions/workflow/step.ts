import type * as z from 'zod';
import type { Pass } from '../../lib/model/job.ts';
import type { JobInput } from '../../lib/model/message.ts';
import type { RunPorts } from '../../lib/orchestrator/run-ports.ts';
import { runPorts } from '../run-ports.ts';
import { auditedServices, conflictWriter } from '../runtime.ts';
import { stepOver } from './step-over.ts';

/** A Lambda handler for one step of a state machine over a running job's ports. */
export function step<Input extends JobInput & { readonly table?: number; readonly pass?: Pass }, Output>(
  schema: z.ZodType<Input>,
  work: (input: Input, ports: RunPorts) => Promise<Output>,
): (event: unknown) => Promise<Output | Record<string, never>> {
  return stepOver(schema, work, () => ({ ...runPorts(auditedServices(), 'step'), conflicts: conflictWriter() }));
}
