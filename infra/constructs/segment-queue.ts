import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

/** Timeout of the function that reads the dead letters; Lambda wants their visibility timeout to be no shorter. */
export const DEAD_LETTER_SECONDS = 60;

/**
 * One message per segment, from SyncTable to the worker; what no worker could finish lands in the dead-letter queue.
 *
 * The visibility timeout is the shortest Lambda accepts, the worker's own timeout. It rarely matters: a worker's first
 * act is to shorten it to 30 s, and then it extends it while it lives, so a dead worker's segment comes back within 45 s.
 */
export class SegmentQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, props: { readonly workerTimeoutSeconds: number }) {
    super(scope, 'Segments');

    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(DEAD_LETTER_SECONDS),
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(props.workerTimeoutSeconds),
      // A task token dies after 24 h (SyncTable); a message older than that has nobody left to answer.
      retentionPeriod: Duration.days(2),
      // A death is redelivered after 30 s: five in a row are some 3 minutes of dying on the same segment.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** One segment per invocation, and never more at once than the databases have connections to spare. */
  feed(worker: ServiceFunction, props: { readonly maxConcurrency: number }): void {
    worker.allow(
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ChangeMessageVisibility',
        'sqs:SendMessage', // its own continuation, near the deadline
      ],
      [this.queue.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'ToWorker', {
      target: worker.lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      maxConcurrency: props.maxConcurrency,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(worker.role); // Lambda checks the rights when the mapping is created
  }

  /** What no worker could finish is told to its job. One at a time: there are few, and none is urgent to the second. */
  feedDeadLetters(consumer: ServiceFunction): void {
    consumer.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      [this.deadLetters.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'ToDeadLetters', {
      target: consumer.lambda,
      eventSourceArn: this.deadLetters.queueArn,
      batchSize: 1,
      maxConcurrency: 2, // the least that Lambda takes
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(consumer.role);
  }

  describe(fn: ServiceFunction): void {
    fn.allow(['sqs:GetQueueAttributes'], [this.queue.queueArn, this.deadLetters.queueArn]);
  }
}
