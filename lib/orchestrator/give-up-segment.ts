import { ERRORS, SyncError } from '../model/errors.ts';
import type { SegmentMessage } from '../model/message.ts';
import { noteHealingOf } from './note-healing.ts';
import { recordEnd } from './record-failure.ts';
import type { RunPorts } from './run-ports.ts';

/** Tells a job that the workers of one of its segments have died again and again. An older run's message changes nothing. */
export async function giveUpSegment(message: SegmentMessage, ports: RunPorts): Promise<void> {
  const table = await ports.jobs.table(message.job_id, message.table);
  const where = `segment ${message.segment} of ${table?.name ?? `table ${message.table}`} (${message.pass})`;
  const lost = new SyncError('worker_lost', `Five workers in a row died on ${where}.`);
  const { pass, segment } = message;
  await noteHealingOf(
    message.job_id,
    'healing.segment_given_up',
    { table: table?.name ?? `table ${message.table}`, pass, segment, code: lost.code },
    ports,
  );
  await recordEnd(message, lost, ports);
  await ports.workflow.fail(message.task_token, lost.code, ERRORS.worker_lost.meaning);
}
