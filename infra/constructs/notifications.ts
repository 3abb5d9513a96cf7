import { Aws, Duration, Fn } from 'aws-cdk-lib';
import { CfnEventBus, CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

/** Of one delivery: ten seconds for the receiver, and what is around it. A delivery whose function dies comes again after as long. */
export const DELIVERY_SECONDS = 60;

/** As in lib/notifications/attempts.ts; a test holds them together. */
const ATTEMPTS = 10;

/** Names of the secrets of webhooks start with this. */
const SECRET_PREFIX = Fn.sub(`\${AWS::StackName}/webhook/`);

const ANY_SECRET = Fn.sub(
  `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:\${AWS::StackName}/webhook/*`,
);

/**
 * The bus on which notifications leave the service. Whoever wants them adds a rule of his own to it; the rule that is here
 * leads to the queue of webhooks.
 */
export class Notifications extends Construct {
  readonly busName: string;
  readonly busArn: string;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct) {
    super(scope, 'Notifications');
    const bus = new CfnEventBus(this, 'Bus', {
      name: Aws.STACK_NAME,
      description: 'What TerraFusion Sync has to tell: see docs/notifications.md.',
    });
    this.busName = bus.attrName;
    this.busArn = bus.attrArn;

    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // Two queues have it: of deliveries that were tried for the last time, and of events that the bus could not hand over.
    acknowledge(this.deadLetters, 'AwsSolutions-SQS3', 'It is a dead-letter queue, also of a rule.');
    this.queue = new Queue(this, 'Deliveries', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(DELIVERY_SECONDS),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: ATTEMPTS },
    });

    const rule = new CfnRule(this, 'ToWebhooks', {
      description: 'Every notification, for the webhooks that ask for it.',
      eventBusName: bus.attrName,
      eventPattern: { source: ['terrafusion-sync'] },
      targets: [{ id: 'Webhooks', arn: this.queue.queueArn, deadLetterConfig: { arn: this.deadLetters.queueArn } }],
    });
    for (const queue of [this.queue, this.deadLetters])
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [queue.queueArn],
          conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
        }),
      );
  }

  allowPublishing(fn: ServiceFunction): void {
    fn.allow(['events:PutEvents'], [this.busArn]);
  }

  /** What the two functions that post to webhooks read of their environment. */
  get environment() {
    return { WEBHOOK_SECRET_PREFIX: SECRET_PREFIX, DELIVERY_QUEUE_URL: this.queue.queueUrl };
  }

  /** A few at once: a receiver that is slow keeps one of them busy for ten seconds. */
  feed(deliverer: ServiceFunction): void {
    deliverer.allow(
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ChangeMessageVisibility',
        'sqs:SendMessage',
      ],
      [this.queue.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'ToDeliverer', {
      target: deliverer.lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      maxConcurrency: 5,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(deliverer.role); // Lambda checks the rights when the mapping is created
  }

  allowSecrets(fn: ServiceFunction, ...rights: readonly ('CreateSecret' | 'GetSecretValue' | 'DeleteSecret')[]): void {
    fn.allow(
      rights.map((right) => `secretsmanager:${right}`),
      [ANY_SECRET],
    );
    acknowledge(
      fn.role,
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:<AWS::StackName>/webhook/*]',
      'Secrets are created per webhook at run time; the name prefix of this stack is as narrow as a role can be.',
    );
  }
}
