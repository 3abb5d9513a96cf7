import { Aws, Fn, type IAspect, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';

const USE = ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'];
const via = (service: string) => Fn.sub(`${service}.\${AWS::Region}.amazonaws.com`);

/**
 * A key of the customer's own for all that the stack keeps: tables, queues, logs, secrets. It outlives the stack, as the
 * tables do: without it nobody reads them again.
 */
export class CustomerKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct) {
    super(scope, 'CustomerKey');
    const key = new Key(this, 'Key', {
      description: 'TerraFusion Sync: tables, queues, logs and secrets.',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
      policy: policy(),
    });
    this.arn = key.keyArn;
  }
}

/** Puts the key to every table, queue, log group and secret of a stack, whatever construct makes them. */
export class EncryptWith implements IAspect {
  readonly #key: CustomerKey;

  constructor(key: CustomerKey) {
    this.#key = key;
  }

  visit(node: IConstruct): void {
    const keyArn = this.#key.arn;
    if (node instanceof CfnTable) node.sseSpecification = { sseEnabled: true, sseType: 'KMS', kmsMasterKeyId: keyArn };
    if (node instanceof CfnLogGroup) node.kmsKeyId = keyArn;
    if (node instanceof CfnQueue) {
      node.addPropertyDeletionOverride('SqsManagedSseEnabled'); // one or the other
      node.kmsMasterKeyId = keyArn;
    }
    if (node instanceof CfnFunction) node.addPropertyOverride('Environment.Variables.SECRETS_KEY_ARN', keyArn);
  }
}

/**
 * Roles of the account use the key through the services that keep things for them, and nobody by itself: what a role may
 * read is said by its own policy. The account's administrators keep the key.
 */
function policy(): PolicyDocument {
  return new PolicyDocument({
    statements: [
      new PolicyStatement({ principals: [new AccountRootPrincipal()], actions: ['kms:*'], resources: ['*'] }),
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: [...USE, 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:CreateGrant'],
        resources: ['*'],
        conditions: {
          StringEquals: {
            'kms:CallerAccount': Aws.ACCOUNT_ID,
            'kms:ViaService': ['dynamodb', 'sqs', 'secretsmanager'].map(via),
          },
        },
      }),
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com'), new ServicePrincipal('scheduler.amazonaws.com')],
        actions: USE, // to put messages into queues
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      new PolicyStatement({
        principals: [new ServicePrincipal(via('logs'))],
        actions: [...USE, 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': Fn.sub(
              `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:*`,
            ),
          },
        },
      }),
    ],
  });
}

/** `-c customerManagedKey=true`, or nothing. Throws on anything else. */
export function wantsCustomerKey(scope: Construct): boolean {
  const given: unknown = scope.node.tryGetContext('customerManagedKey');
  if (given === undefined) return false;
  if (given === 'true' || given === true) return true;
  throw new Error(
    `customerManagedKey: expected true, found ${JSON.stringify(given)} (in ${Stack.of(scope).stackName})`,
  );
}
