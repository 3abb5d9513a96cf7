import type { JsonObject } from '../json.ts';
import { ACCOUNT, type Identity, REGION } from './resolve.ts';

/** What an identity is made from. `name` is the physical name: the template's own, else stack and logical id. */
export interface Naming {
  readonly name: string;
  readonly logicalId: string;
  readonly sqsUrl: string;
}

export type Treatment =
  | {
      readonly kind: 'created';
      /** The property that names the resource, where the type has one. */
      readonly nameProperty?: string;
      readonly identify: (naming: Naming, properties: () => JsonObject) => Identity;
    }
  | { readonly kind: 'ignored'; readonly reason: string };

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

const table = {
  kind: 'created',
  nameProperty: 'TableName',
  identify: ({ name }) => ({
    ref: name,
    attributes: { Arn: arn('dynamodb', `table/${name}`), StreamArn: arn('dynamodb', `table/${name}/stream/local`) },
  }),
} as const satisfies Treatment;

/** A part that is read where its parent is built; it exists by being named. */
const part = {
  kind: 'created',
  identify: ({ logicalId, name }) => ({
    ref: logicalId,
    attributes: { Id: logicalId, Arn: arn('local', name), Name: name },
  }),
} as const satisfies Treatment;

const ignored = (reason: string): Treatment => ({ kind: 'ignored', reason });

/**
 * Every resource type a stack may hold: created here, or left out for a reason. A type that is missing stops the start,
 * so that nothing the deployment relies on is silently absent on one machine.
 */
export const RESOURCE_TYPES: Readonly<Record<string, Treatment>> = {
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::SQS::Queue': {
    kind: 'created',
    nameProperty: 'QueueName',
    identify: ({ name, sqsUrl }) => ({
      ref: `${sqsUrl}/${ACCOUNT}/${name}`,
      attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: `${sqsUrl}/${ACCOUNT}/${name}` },
    }),
  },
  'AWS::SecretsManager::Secret': {
    kind: 'created',
    nameProperty: 'Name',
    identify: ({ name }) => ({ ref: arn('secretsmanager', `secret:${name}`), attributes: {} }),
  },
  'AWS::Lambda::Function': {
    kind: 'created',
    nameProperty: 'FunctionName',
    identify: ({ name }) => ({ ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } }),
  },
  'AWS::Lambda::EventSourceMapping': part,
  'AWS::StepFunctions::StateMachine': {
    kind: 'created',
    nameProperty: 'StateMachineName',
    identify: ({ name }) => ({
      ref: arn('states', `stateMachine:${name}`),
      attributes: { Arn: arn('states', `stateMachine:${name}`), Name: name },
    }),
  },
  'AWS::ApiGatewayV2::Api': {
    kind: 'created',
    identify: ({ logicalId }) => ({
      ref: logicalId.toLowerCase(),
      attributes: { ApiId: logicalId.toLowerCase(), ApiEndpoint: `https://${logicalId.toLowerCase()}.localhost` },
    }),
  },
  'AWS::ApiGatewayV2::Route': part,
  'AWS::ApiGatewayV2::Integration': part,
  'AWS::ApiGatewayV2::Stage': part, // for its throttle; the one stage is served, and no access log is kept
  'AWS::ApiGatewayV2::Authorizer': {
    ...part,
    identify: ({ logicalId }) => ({ ref: logicalId, attributes: { AuthorizerId: logicalId } }),
  },
  'AWS::Scheduler::Schedule': { ...part, nameProperty: 'Name' },
  'AWS::Events::EventBus': {
    kind: 'created',
    nameProperty: 'Name',
    identify: ({ name }) => ({ ref: name, attributes: { Arn: arn('events', `event-bus/${name}`), Name: name } }),
  },
  'AWS::Events::Rule': {
    kind: 'created',
    nameProperty: 'Name',
    identify: ({ name }) => ({ ref: name, attributes: { Arn: arn('events', `rule/${name}`) } }),
  },

  'AWS::IAM::Role': ignored('one machine has one user: permissions are tested in test/infra, not enforced here'),
  'AWS::IAM::Policy': ignored('as AWS::IAM::Role'),
  'AWS::IAM::ManagedPolicy': ignored('as AWS::IAM::Role'),
  'AWS::Lambda::Permission': ignored('who may invoke a function: as AWS::IAM::Role'),
  'AWS::SQS::QueuePolicy': ignored('who may use a queue: as AWS::IAM::Role'),
  'AWS::Scheduler::ScheduleGroup': ignored('groups only name schedules'),
  'AWS::Logs::LogGroup': ignored('function output goes to files in the data folder'),
  'AWS::Logs::MetricFilter': ignored('no metrics on one machine'),
  'AWS::Logs::ResourcePolicy': ignored('no log delivery on one machine'),
  'AWS::CloudWatch::Alarm': ignored('no metrics on one machine'),
  'AWS::CloudWatch::Dashboard': ignored('no metrics on one machine'),
  'AWS::SNS::Topic': ignored('tells of alarms, of which there are none on one machine'),
  'AWS::SNS::TopicPolicy': ignored('as AWS::SNS::Topic'),
  'AWS::SNS::Subscription': ignored('as AWS::SNS::Topic'),
  'AWS::KMS::Key': ignored('nothing is encrypted at rest by the emulators; secrets are in a file of mode 0600'),
  'AWS::KMS::Alias': ignored('as AWS::KMS::Key'),
  'AWS::Cognito::UserPool': ignored('not made where JwtIssuer is given, and it always is: local/sign-in'),
  ...Object.fromEntries(
    [
      'UserPoolClient',
      'UserPoolDomain',
      'UserPoolGroup',
      'UserPoolRiskConfigurationAttachment',
      'ManagedLoginBranding',
      'UserPoolUser',
      'UserPoolUserToGroupAttachment',
    ].map((type) => [`AWS::Cognito::${type}`, ignored('as AWS::Cognito::UserPool')]),
  ),
  'AWS::CDK::Metadata': ignored('describes the template only'),
};

/** Names longer than 80 characters are refused by Step Functions and SQS. */
const MAX_NAME = 80;

/** The physical name of a resource: stable, so that state is found again after a restart. */
export function physicalName(stackName: string, logicalId: string, given: unknown): string {
  return typeof given === 'string' && given !== '' ? given : `${stackName}-${logicalId}`.slice(0, MAX_NAME);
}

/** Throws with every type that is neither created nor ignored. */
export function refuseUnknownTypes(types: readonly string[]): void {
  const unknown = [...new Set(types.filter((type) => !RESOURCE_TYPES[type]))];
  if (unknown.length > 0) {
    throw new Error(
      `The template has resources that local/template/resource-types.ts does not know: ${unknown.join(', ')}`,
    );
  }
}

/** How an ignored resource is referred to by others, e.g. a role's Arn: present, but of no consequence. */
export function ignoredIdentity({ name, logicalId }: Naming): Identity {
  return { ref: name, attributes: { Arn: arn('local', logicalId), Id: logicalId, Name: name, KeyId: logicalId } };
}
