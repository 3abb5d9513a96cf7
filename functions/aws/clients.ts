import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { lazy } from './lazy.ts';
import { encryptSecretsWith } from './secrets-key.ts';

/**
 * How every AWS call is bounded. Four attempts of 3 s with back-off stay below the 20 s that a start may take; the SDK
 * keeps connections alive by default. Endpoints, region and credentials come from the SDK's own environment variables.
 */
const BOUNDS = {
  maxAttempts: 4,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
} as const;

// One client each per container, built at its first use. Marked pure, so that a bundle holds only the clients it uses.

export const dynamoClient = /* @__PURE__ */ lazy(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient(BOUNDS), { marshallOptions: { removeUndefinedValues: true } }),
);

export const queueClient = /* @__PURE__ */ lazy(() => new SQSClient(BOUNDS));

export const workflowClient = /* @__PURE__ */ lazy(() => new SFNClient(BOUNDS));

export const secretsClient = /* @__PURE__ */ lazy(() =>
  encryptSecretsWith(new SecretsManagerClient(BOUNDS), process.env.SECRETS_KEY_ARN),
);

export const schedulerClient = /* @__PURE__ */ lazy(() => new SchedulerClient(BOUNDS));
