/**
 * The few shapes of Amazon States Language that both machines use.
 *
 * JSONPath, inline Map and plain Lambda ARNs only: that is what AWS and the local runner both execute. A plain ARN is
 * preferred to `lambda:invoke` because the answer is the result itself, without a Payload around it.
 */
export interface Asl {
  readonly [key: string]: unknown;
}

/** A place in a definition that CloudFormation fills in, such as an ARN (`WorkflowMachine`). */
export const place = (name: string): string => `\${${name}}`;

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly BackoffRate: number;
  readonly MaxAttempts: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: 'FULL';
}

/** Waits are drawn from [0, n] (FULL jitter), so the totals below are upper bounds and half of them on average. */
const backOff = (
  errors: readonly string[],
  limits: { readonly first: number; readonly attempts: number; readonly most: number },
): Retrier => ({
  ErrorEquals: errors,
  IntervalSeconds: limits.first,
  BackoffRate: 2,
  MaxAttempts: limits.attempts,
  MaxDelaySeconds: limits.most,
  JitterStrategy: 'FULL',
});

/** Codes of lib/model/errors.ts that say "the work continues by itself after a retry". All other codes pause or fail the job. */
export const TRANSIENT_CODES = [
  'source_unavailable',
  'target_unavailable',
  'connection_unreachable',
  'too_many_connections',
  'target_read_only',
  'lock_timeout',
  'statement_timeout',
  'disk_full',
  'schema_newer',
  'unavailable',
];

/** A database or a part of the service is away: 10 + 20 + 40 + 80 + 160 + 300 + 300 + 300 s, about 20 minutes. */
const retryOutage = backOff(TRANSIENT_CODES, { first: 10, attempts: 8, most: 300 });

/** AWS could not run the function: 2 + 4 + 8 + 16 + 32 + 60 s, about 2 minutes. */
const retryLambdaService = backOff(
  [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
  ],
  { first: 2, attempts: 6, most: 60 },
);

/** The function died or ran out of time (every step may run twice): 5 + 10 + 20 s. */
const retryDeath = backOff(['States.Timeout', 'Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout'], {
  first: 5,
  attempts: 3,
  most: 60,
});

/** StartExecution was refused or lost: 2 + 4 + 8 + 16 + 32 + 60 s. What a child failed with is never retried here. */
const retryStart = backOff(
  [
    'StepFunctions.AWSStepFunctionsException',
    'StepFunctions.SdkClientException',
    'StepFunctions.ThrottlingException',
    'StepFunctions.ExecutionLimitExceededException',
  ],
  { first: 2, attempts: 6, most: 60 },
);

/** SendMessage was refused or lost: 2 + 4 + 8 + 16 + 32 + 60 s. A message sent twice is claimed once. */
const retrySend = backOff(['SQS.AmazonSQSException', 'SQS.SdkClientException'], { first: 2, attempts: 6, most: 60 });

/** No sign of life for a whole heartbeat: the message waited too long or went to the dead letters. Send it once more. */
const retrySilence = backOff(['States.HeartbeatTimeout'], { first: 5, attempts: 1, most: 60 });

/** Timeouts by name first: no wildcard but States.ALL covers them, and they carry no cause to pass on. */
export const catchInto = (next: string, onTimeout = next): readonly Asl[] => [
  { ErrorEquals: ['States.Timeout', 'States.HeartbeatTimeout'], ResultPath: '$.error', Next: onTimeout },
  { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: next },
];

/** `{job_id, epoch}` and the other named fields of the state, as they are. */
export const pick = (...names: readonly string[]): Asl =>
  Object.fromEntries(names.map((name) => [`${name}.$`, `$.${name}`]));

/** Calls a function and waits for its answer. `timeoutSeconds` is the function's own; Step Functions waits a little longer. */
export const invoke = (functionArn: string, timeoutSeconds: number, parameters: Asl): Asl => ({
  Type: 'Task',
  Resource: functionArn,
  Parameters: parameters,
  TimeoutSeconds: timeoutSeconds + 30,
  Retry: [retryLambdaService, retryDeath, retryOutage],
});

/** Calls a function that is no part of the work: whatever goes wrong with it, the state goes on unchanged. */
export const callAside = (functionArn: string, timeoutSeconds: number, next: string): Asl => ({
  ...invoke(functionArn, timeoutSeconds, {}),
  ResultPath: null,
  Retry: [retryLambdaService, retryDeath],
  Catch: catchInto(next).map((caught) => ({ ...caught, ResultPath: null })),
  Next: next,
});

/** Runs a child execution to its end; when it fails, the error is States.TaskFailed and the cause is its description as JSON. */
export const runChild = (machineArn: string, name: string, timeoutSeconds: number, input: Asl): Asl => ({
  Type: 'Task',
  Resource: `arn:${place('Partition')}:states:::states:startExecution.sync:2`,
  Parameters: {
    StateMachineArn: machineArn,
    'Name.$': name,
    Input: { ...input, 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$': '$$.Execution.Id' },
  },
  TimeoutSeconds: timeoutSeconds,
  Retry: [retryStart],
});

/** Sends a message that carries a task token, and waits until somebody answers the token. */
export const sendAndWait = (
  queueUrl: string,
  limits: { readonly heartbeatSeconds: number; readonly timeoutSeconds: number },
  message: Asl,
): Asl => ({
  Type: 'Task',
  Resource: `arn:${place('Partition')}:states:::sqs:sendMessage.waitForTaskToken`,
  Parameters: { QueueUrl: queueUrl, MessageBody: { ...message, 'task_token.$': '$$.Task.Token' } },
  HeartbeatSeconds: limits.heartbeatSeconds,
  TimeoutSeconds: limits.timeoutSeconds,
  Retry: [retrySend, retrySilence, retryOutage],
});

/** Ends an execution under a code of ours. */
export const fail = (code: string, cause: string): Asl => ({ Type: 'Fail', Error: code, Cause: cause });

/** Runs `states` for each item, in this execution. */
export const forEach = (
  itemsPath: string,
  concurrency: { readonly MaxConcurrency: number } | { readonly MaxConcurrencyPath: string },
  item: Asl,
  body: readonly [name: string, state: Asl],
): Asl => ({
  Type: 'Map',
  ItemsPath: itemsPath,
  ...concurrency,
  ItemSelector: item,
  ItemProcessor: {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: body[0],
    States: { [body[0]]: { ...body[1], ResultPath: null, End: true } },
  },
  ResultPath: null,
});
