import { SyncError } from '../model/errors.ts';
import type { SegmentMessage } from '../model/message.ts';
import { noteHealingOf } from './note-healing.ts';
import { failureOf, recordEnd } from './record-failure.ts';
import type { RunPorts } from './run-ports.ts';

/**
 * Ends the task of a segment, and tells the job why. A message whose token nobody waits for says nothing of the job: its segment was
 * sent anew, and may be done long since. `first`: what is told before the job goes on.
 */
export async function failSegment(
  message: SegmentMessage,
  error: unknown,
  ports: Pick<RunPorts, 'jobs' | 'workflow' | 'log'>,
  first?: () => Promise<void>,
): Promise<void> {
  const { task_token, ...where } = message;
  const { code, message: cause } = failureOf(error);
  if (!(await ports.workflow.beat(task_token)))
    return ports.log.warn('nobody waits for this segment any more', { ...where, code });
  await first?.();
  await recordEnd(message, error, ports);
  await ports.workflow.fail(task_token, code, cause);
}

/** Tells a job that the workers of one of its segments have died again and again. An older run's message changes nothing. */
export async function giveUpSegment(message: SegmentMessage, ports: RunPorts): Promise<void> {
  const { job_id, pass, segment } = message;
  const table = (await ports.jobs.table(job_id, message.table))?.name ?? `table ${message.table}`;
  const lost = new SyncError('worker_lost', `Five workers in a row died on segment ${segment} of ${table} (${pass}).`);
  const told = { table, pass, segment, code: lost.code };
  await failSegment(message, lost, ports, () => noteHealingOf(job_id, 'healing.segment_given_up', told, ports));
}
