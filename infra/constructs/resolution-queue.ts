import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

/** Of one step; it stops before that and sends its own continuation. A step that dies is delivered again after as long. */
export const RESOLUTION_SECONDS = 30;

/**
 * One message per order to decide many conflicts: whoever takes it does a step and sends the next. The order itself stands
 * in the table, so a message that is lost costs time only: the sweeper sends another.
 */
export class ResolutionQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct) {
    super(scope, 'Resolutions');
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(RESOLUTION_SECONDS),
      retentionPeriod: Duration.days(2),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** A few orders at once: each takes a connection to both of its databases. */
  feed(resolver: ServiceFunction): void {
    resolver.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [this.queue.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'ToResolver', {
      target: resolver.lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      maxConcurrency: 2, // the least that Lambda takes
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(resolver.role); // Lambda checks the rights when the mapping is created
  }

  allowSending(fn: ServiceFunction): void {
    fn.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
