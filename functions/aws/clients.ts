import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from './dynamo/document.ts';
import { lazy } from './lazy.ts';
import { countRequests, countUnits } from './meter.ts';
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

export const dynamoClient = /* @__PURE__ */ lazy(() => documentClient(countUnits(new DynamoDBClient(BOUNDS))));

/** The endpoint counts, not the host in a queue's URL: implementations of AWS may name amazonaws.com there. */
export const queueClient = /* @__PURE__ */ lazy(() =>
  countRequests(new SQSClient({ ...BOUNDS, useQueueUrlAsEndpoint: false }), 'queue_requests'),
);

export const workflowClient = /* @__PURE__ */ lazy(() => new SFNClient(BOUNDS));

export const secretsClient = /* @__PURE__ */ lazy(() =>
  encryptSecretsWith(countRequests(new SecretsManagerClient(BOUNDS), 'secret_requests'), process.env.SECRETS_KEY_ARN),
);

export const schedulerClient = /* @__PURE__ */ lazy(() => new SchedulerClient(BOUNDS));
