import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import type { ControlEndpoint } from './aws/control-endpoint.ts';
import type { DataDir } from './data-dir.ts';
import { type QueuePoller, startQueuePoller } from './events/queue-poller.ts';
import { readPollers } from './events/sources.ts';
import type { Json } from './json.ts';
import { FunctionError } from './lambda/function-error.ts';
import { createFunctionPool, type FunctionPool } from './lambda/function-pool.ts';
import { functionSpec } from './lambda/function-spec.ts';
import { stateActions, type TaskAnswers } from './states/actions.ts';
import { createExecutions, type Executions } from './states/executions.ts';
import { createMachine } from './states/machine.ts';
import { substitute } from './states/substitute.ts';
import { TaskError } from './states/task-error.ts';
import { createTaskTokens } from './states/task-tokens.ts';
import type { Assembly } from './template/assembly.ts';
import type { Stack, StackResource } from './template/stack.ts';

/** SDK clients of the emulated services, for what the service itself does with them. */
export function createClients(dynamodbUrl: string, sqsUrl: string) {
  const common = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const dynamodb = new DynamoDBClient({ ...common, endpoint: dynamodbUrl });
  const sqs = new SQSClient({ ...common, endpoint: sqsUrl });
  return {
    dynamodb,
    sqs,
    destroy: () => {
      dynamodb.destroy();
      sqs.destroy();
    },
  };
}

/** How a function of the template is run from the assembly's code. */
export const specsFrom =
  (assembly: Assembly, dataDir: DataDir, endpoints: Parameters<typeof functionSpec>[1]) => (resource: StackResource) =>
    functionSpec(resource, endpoints, {
      bundle: assembly.bundleOf(resource.logicalId),
      logFolder: dataDir.path('logs'),
      scratchFolder: dataDir.path('tmp'),
    });

/** A pool of processes per function of the template, by function name. */
export function createPools(stack: Stack, specOf: ReturnType<typeof specsFrom>): ReadonlyMap<string, FunctionPool> {
  const specs = stack.ofType('AWS::Lambda::Function').map(specOf);
  return new Map(specs.map((spec) => [spec.name, createFunctionPool(spec)]));
}

/** Throws `ResourceNotFoundException` as Lambda does. */
export function poolOf(pools: ReadonlyMap<string, FunctionPool>, name: string): FunctionPool {
  const pool = pools.get(name);
  if (!pool) throw new FunctionError('ResourceNotFoundException', `Function not found: ${name}`);
  return pool;
}

interface StatesReach {
  readonly invoke: (functionName: string, event: Json) => Promise<Json>;
  readonly sqs: SQSClient;
  readonly answers: TaskAnswers;
}

/** Loads the state machines and serves Step Functions on the control endpoint. */
export function startStates(
  stack: Stack,
  control: ControlEndpoint,
  { invoke, sqs, answers }: StatesReach,
): { readonly executions: Executions; readonly tokensHandedOut: () => number } {
  const machines = stack
    .ofType('AWS::StepFunctions::StateMachine')
    .map(({ identity, name, properties }) => createMachine(identity.ref, name, substitute(properties)));
  const tokens = createTaskTokens();
  const executions = createExecutions(machines, {
    tokens,
    async invoke(name, payload) {
      try {
        return await invoke(name, payload);
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        throw new TaskError(taskErrorName(error.errorType), error.toCause());
      }
    },
    async sendMessage({ queueUrl, body, delaySeconds }) {
      const command = { QueueUrl: queueUrl, MessageBody: body };
      try {
        const sent = await sqs.send(
          new SendMessageCommand(delaySeconds === undefined ? command : { ...command, DelaySeconds: delaySeconds }),
        );
        return { messageId: sent.MessageId ?? '' };
      } catch (error) {
        throw new TaskError(
          error instanceof SQSServiceException ? 'SQS.AmazonSQSException' : 'SQS.SdkClientException',
          error instanceof Error ? error.message : String(error),
        );
      }
    },
  });
  control.addService('AWSStepFunctions', stateActions(executions, tokens, answers));
  return { executions, tokensHandedOut: tokens.waited };
}

/** Errors of the Lambda service itself carry its name in Step Functions; those of the function do not. */
function taskErrorName(errorType: string): string {
  const ofService = ['TooManyRequestsException', 'ServiceException', 'ResourceNotFoundException'];
  return ofService.includes(errorType) ? `Lambda.${errorType}` : errorType;
}

/** A running poller per event source mapping, by queue name. */
export function startPollers(
  stack: Stack,
  client: SQSClient,
  pools: ReadonlyMap<string, FunctionPool>,
  log: (line: string) => void,
): ReadonlyMap<string, QueuePoller> {
  return new Map(
    readPollers(stack).map(({ queueName, functionName, maxConcurrency, ...source }) => {
      const pool = poolOf(pools, functionName);
      const poller = startQueuePoller({
        ...source,
        client,
        region: 'us-east-1',
        maxConcurrency: Math.min(maxConcurrency, pool.reservedConcurrency ?? maxConcurrency),
        invoke: (event) => pool.invoke(event),
        onError: (error) => log(`Queue ${queueName}: ${describe(error)}`),
      });
      return [queueName, poller];
    }),
  );
}

/** An error in one line, without a stack. */
export function describe(error: unknown): string {
  if (error instanceof FunctionError) return `${error.errorType}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Puts an event into a queue, as a rule of EventBridge does. */
export async function sendEvent(client: SQSClient, QueueUrl: string, MessageBody: string): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
}

/** Puts an event that could not be delivered into a queue of this stack, as EventBridge Scheduler does. */
export async function sendTo(
  stack: Stack,
  client: SQSClient,
  { queueArn, event, why }: { readonly queueArn: string; readonly event: string; readonly why: string },
): Promise<void> {
  const queue = stack.ofType('AWS::SQS::Queue').find((q) => q.identity.attributes.Arn === queueArn);
  if (!queue) throw new Error(`Only queues of this stack take dead letters, not ${queueArn}`);
  await client.send(
    new SendMessageCommand({
      QueueUrl: queue.identity.ref,
      MessageBody: event,
      MessageAttributes: { ERROR_MESSAGE: { DataType: 'String', StringValue: why.slice(0, 1000) || 'unknown' } },
    }),
  );
}
