import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

/** Of one step of an order over pairs; it begins nothing in its last 30 s. A step that dies is delivered again after as long. */
export const FLEET_SECONDS = 120;

/**
 * One message per order over many pairs: whoever takes it does a step and sends the next. The order itself stands in the
 * registry, so a message that is lost costs time only: each minute is looked for orders that nobody works on.
 */
export class OrderQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct) {
    super(scope, 'FleetOrders');
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(FLEET_SECONDS),
      retentionPeriod: Duration.days(2),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** Two orders at once, each with eight pairs: what they start is bounded by at_once. */
  feed(runner: ServiceFunction): void {
    runner.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [this.queue.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'ToRunner', {
      target: runner.lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      maxConcurrency: 2, // the least that Lambda takes
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(runner.role); // Lambda checks the rights when the mapping is created
  }

  allowSending(fn: ServiceFunction): void {
    fn.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
