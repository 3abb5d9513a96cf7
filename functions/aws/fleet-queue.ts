import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { FleetQueue } from '../../lib/ports.ts';
import { calling } from './errors.ts';

/** The queue of orders over pairs on SQS; `url` is its URL. */
export const awsFleetQueue = (client: () => SQSClient, url: () => string): FleetQueue => ({
  send: (order_id, delaySeconds) =>
    calling('fleet queue', async () => {
      await client().send(
        new SendMessageCommand({
          QueueUrl: url(),
          MessageBody: JSON.stringify({ v: 1, order_id }),
          ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
        }),
      );
    }),
});
