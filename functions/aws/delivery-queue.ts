import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { SyncError } from '../../lib/model/errors.ts';
import type { DeliveryQueue } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

/** Most messages of one call. One has at most 20 KB, so ten are below the 256 KB that it takes. */
const BATCH = 10;

/** The queue of deliveries on SQS; `url` is its URL. */
export function awsDeliveryQueue(
  client: () => SQSClient,
  url: () => string,
): DeliveryQueue & { readonly hide: (receiptHandle: string, seconds: number) => Promise<void> } {
  return {
    send: (deliveries) =>
      calling('delivery queue', async () => {
        for (let i = 0; i < deliveries.length; i += BATCH) {
          const Entries = deliveries
            .slice(i, i + BATCH)
            .map((delivery, n) => ({ Id: String(n), MessageBody: JSON.stringify(delivery) }));
          const { Failed } = await client().send(new SendMessageBatchCommand({ QueueUrl: url(), Entries }));
          if (Failed?.length) throw new SyncError('unavailable', 'the delivery queue has not taken every message');
        }
      }),
    hide: (ReceiptHandle, VisibilityTimeout) =>
      calling('delivery queue', async () => {
        try {
          await client().send(
            new ChangeMessageVisibilityCommand({ QueueUrl: url(), ReceiptHandle, VisibilityTimeout }),
          );
        } catch (error) {
          // visible again or done already: whoever has it now goes on with it
          if (!isAws(error, 'MessageNotInflight', 'ReceiptHandleIsInvalid', 'InvalidParameterValue')) throw error;
        }
      }),
  };
}
