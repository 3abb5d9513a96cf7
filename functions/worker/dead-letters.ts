import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { segmentMessage } from '../../lib/model/message.ts';
import { giveUpSegment } from '../../lib/orchestrator/give-up-segment.ts';
import { runPorts } from '../run-ports.ts';
import { type AuditedServices, auditedServices, type WorkflowServices } from '../runtime.ts';

/** A body that is no segment message has no job that could be told; the log keeps the id it had in the queue. */
async function bury(record: SQSRecord, s: AuditedServices & WorkflowServices): Promise<void> {
  const parsed = segmentMessage.safeParse(json(record.body));
  if (!parsed.success) return s.log.error('a dead letter that is no segment message', { message_id: record.messageId });
  const { task_token, ...at } = parsed.data;
  s.log.error('segment given up after five deliveries', at);
  await giveUpSegment(parsed.data, runPorts(s, 'worker'));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Lambda handler of the dead-letter queue: a segment whose workers died five times. Its job learns it at once and pauses;
 * without this the task would be waited for until its heartbeat runs out.
 */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const s = auditedServices();
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      await bury(record, s);
    } catch (error) {
      s.log.error('dead letter not handled', { message_id: record.messageId, error });
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}
