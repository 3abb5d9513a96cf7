import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ResolutionQueue, SegmentQueue } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

/** The segment queue on SQS; `url` is its URL. */
export function awsSegmentQueue(client: () => SQSClient, url: () => string): SegmentQueue {
  const call = <T>(work: () => Promise<T>) => calling('segment queue', work);
  return {
    send: (message, delaySeconds) =>
      call(async () => {
        await client().send(
          new SendMessageCommand({
            QueueUrl: url(),
            MessageBody: JSON.stringify(message),
            ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
          }),
        );
      }),
    hide: (receiptHandle, seconds) =>
      call(async () => {
        try {
          await client().send(
            new ChangeMessageVisibilityCommand({
              QueueUrl: url(),
              ReceiptHandle: receiptHandle,
              VisibilityTimeout: seconds,
            }),
          );
        } catch (error) {
          // The message is visible again or done: another worker may have it, and the checkpoint's owner decides. SQS itself
          // calls a message that was deleted an invalid parameter.
          if (!isAws(error, 'MessageNotInflight', 'ReceiptHandleIsInvalid', 'InvalidParameterValue')) throw error;
        }
      }),
  };
}

/** The queue of resolutions on SQS; `url` is its URL. */
export function awsResolutionQueue(client: () => SQSClient, url: () => string): ResolutionQueue {
  return {
    send: (resolution_id, delaySeconds) =>
      calling('resolution queue', async () => {
        await client().send(
          new SendMessageCommand({
            QueueUrl: url(),
            MessageBody: JSON.stringify({ v: 1, resolution_id }),
            ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
          }),
        );
      }),
  };
}
