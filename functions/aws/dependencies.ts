import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Settings } from '../runtime.ts';
import { dynamoClient, queueClient, secretsClient, workflowClient } from './clients.ts';
import { isAws } from './errors.ts';

/** Something the service cannot work without. `check` rejects when it does not answer or is not usable. */
export interface Dependency {
  readonly name: string;
  check(signal: AbortSignal): Promise<unknown>;
}

/** Everything behind this service that a health check asks, each with one cheap read. */
export function awsDependencies(settings: Settings): readonly Dependency[] {
  const table = (name: string, setting: () => string): Dependency => ({
    name,
    check: (abortSignal) => dynamoClient().send(new DescribeTableCommand({ TableName: setting() }), { abortSignal }),
  });
  const machine = (name: string, arn: () => string): Dependency => ({
    name,
    check: (abortSignal) =>
      workflowClient().send(new DescribeStateMachineCommand({ stateMachineArn: arn() }), { abortSignal }),
  });
  return [
    table('jobs_table', () => settings.jobsTable),
    table('conflicts_table', () => settings.conflictsTable),
    table('audit_table', () => settings.auditTable),
    table('registry_table', () => settings.registryTable),
    {
      name: 'segment_queue',
      check: (abortSignal) =>
        queueClient().send(
          new GetQueueAttributesCommand({
            QueueUrl: settings.segmentQueueUrl,
            AttributeNames: ['ApproximateNumberOfMessages'],
          }),
          { abortSignal },
        ),
    },
    machine('sync_job_machine', () => settings.syncJobArn),
    machine('sync_table_machine', () => settings.syncTableArn),
    {
      name: 'secrets',
      // There is no secret of this name: being told so shows that the store answers and lets us ask.
      check: async (abortSignal) => {
        try {
          await secretsClient().send(new DescribeSecretCommand({ SecretId: `${settings.secretPrefix}health` }), {
            abortSignal,
          });
        } catch (error) {
          if (!isAws(error, 'ResourceNotFoundException')) throw error;
        }
      },
    },
  ];
}
