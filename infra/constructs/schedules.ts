import { Aws, Duration, Fn } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

/** Names of the secrets that hold a schedule's two connections start with this. */
const SECRET_PREFIX = Fn.sub(`\${AWS::StackName}/schedule/`);

const ANY_SECRET = Fn.sub(
  `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:\${AWS::StackName}/schedule/*`,
);

const GROUP = Fn.sub(`\${AWS::StackName}`);

const GROUP_ARN = Fn.sub(
  `arn:\${AWS::Partition}:scheduler:\${AWS::Region}:\${AWS::AccountId}:schedule-group/\${AWS::StackName}`,
);

const ANY_SCHEDULE = Fn.sub(
  `arn:\${AWS::Partition}:scheduler:\${AWS::Region}:\${AWS::AccountId}:schedule/\${AWS::StackName}/*`,
);

/**
 * Schedules that the API makes at run time: a group of their own in EventBridge Scheduler, the role it fires them with, and a
 * queue for what it could not deliver.
 */
export class Schedules extends Construct {
  readonly deadLetters: Queue;
  readonly #role: Role;

  constructor(scope: Construct) {
    super(scope, 'Schedules');
    new CfnScheduleGroup(this, 'Group', { name: GROUP });
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.deadLetters, 'AwsSolutions-SQS3', 'It is a dead-letter queue: of schedules, not of a queue.');
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': GROUP_ARN } },
      }),
    });
    this.#role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
    );
  }

  /** What the two functions that keep schedules read of their environment. */
  get environment() {
    return {
      SCHEDULE_GROUP: GROUP,
      FIRE_ROLE_ARN: this.#role.roleArn,
      SCHEDULE_DEAD_LETTER_ARN: this.deadLetters.queueArn,
      SCHEDULE_SECRET_PREFIX: SECRET_PREFIX,
    };
  }

  /** The function that schedules run, and nothing else. */
  fire(fn: ServiceFunction): void {
    this.#role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.arn] }));
  }

  /** Lets a function make, change and delete schedules of the group, and the secrets of schedules. */
  allowKeeping(fn: ServiceFunction, ...secrets: readonly ('CreateSecret' | 'PutSecretValue')[]): void {
    fn.allow(['scheduler:CreateSchedule', 'scheduler:UpdateSchedule', 'scheduler:DeleteSchedule'], [ANY_SCHEDULE]);
    fn.role.addToPolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.#role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    );
    const rights = ['GetSecretValue', 'DeleteSecret', ...secrets].map((right) => `secretsmanager:${right}`);
    fn.allow(rights, [ANY_SECRET]);
    acknowledge(
      fn.role,
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/<AWS::StackName>/*]',
      'Schedules are made at run time; those of the one group of this stack are as narrow as a role can be.',
    );
    acknowledge(
      fn.role,
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:<AWS::StackName>/schedule/*]',
      'Secrets are created per schedule at run time; the name prefix of this stack is as narrow as a role can be.',
    );
  }
}
