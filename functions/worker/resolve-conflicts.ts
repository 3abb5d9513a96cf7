import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { resolutionMessage } from '../../lib/model/message.ts';
import { applyDecisions } from '../../lib/orchestrator/resolve-conflict.ts';
import { stepResolution } from '../../lib/orchestrator/step-resolution.ts';
import { queueClient } from '../aws/clients.ts';
import { awsResolutionQueue } from '../aws/queue.ts';
import { decidingPorts } from '../deciding-ports.ts';
import { type CoreServices, conflictServices, coreServices, withAudit } from '../runtime.ts';

async function step(record: SQSRecord, context: Context, s: CoreServices): Promise<void> {
  const { resolution_id } = resolutionMessage.parse(JSON.parse(record.body));
  const queue = awsResolutionQueue(queueClient, () => s.settings.resolutionQueueUrl);
  const { conflicts, resolutions } = conflictServices();
  const outcome = await stepResolution(resolution_id, {
    ...decidingPorts(withAudit(s)),
    conflicts,
    resolutions,
    decide: applyDecisions,
    stepId: `${context.awsRequestId}/${record.messageId}`,
    remainingMs: () => context.getRemainingTimeInMillis(),
  });
  s.log.info('resolution worked on', { resolution_id, ...outcome });
  if (outcome.again) await queue.send(resolution_id, outcome.afterSeconds);
}

/**
 * Lambda handler: one step of an order to decide many conflicts per record. A step that dies is delivered again when its
 * time is up; decisions are by compare-and-set, so it may be done twice.
 */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const s = coreServices();
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      await step(record, context, s);
    } catch (error) {
      s.log.error('resolution step failed', { message_id: record.messageId, error });
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}
