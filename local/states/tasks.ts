import { isObject, type Json, type JsonObject } from '../json.ts';
import { TaskError } from './task-error.ts';
import type { TaskTokens } from './task-tokens.ts';

/** What tasks reach out to. */
export interface TaskWorld {
  /** Throws a TaskError named after the function's own error. */
  invoke(functionName: string, payload: Json): Promise<Json>;
  /** Over HTTP, as any client of the queue does. */
  sendMessage(message: { queueUrl: string; body: string; delaySeconds?: number }): Promise<{ messageId: string }>;
  /** Runs another machine to its end, stopping it when `signal` aborts; resolves with what DescribeExecution shows. */
  runMachine(
    start: { machineArn: string; name?: string; input: Json },
    signal: AbortSignal,
  ): Promise<FinishedExecution>;
  readonly tokens: TaskTokens;
}

export interface FinishedExecution {
  readonly arn: string;
  readonly machineArn: string;
  readonly name: string;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly input: Json;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

export interface TaskCall {
  readonly parameters: Json;
  readonly token: string;
  readonly heartbeatSeconds?: number;
  readonly signal: AbortSignal;
}

export type TaskRunner = (call: TaskCall, world: TaskWorld) => Promise<Json>;

/** What each kind of `Resource` does. `events`: history events of one run, entering and leaving the state apart. */
const RUNNERS: Readonly<Record<string, { readonly run: TaskRunner; readonly events: number }>> = {
  'arn:aws:states:::lambda:invoke': { run: invokeByParameters, events: 3 },
  'arn:aws:states:::states:startExecution.sync:2': { run: runMachine, events: 4 },
  'arn:aws:states:::sqs:sendMessage': { run: sendMessage, events: 3 },
  'arn:aws:states:::sqs:sendMessage.waitForTaskToken': { run: sendAndWait, events: 4 },
};

/** The runner of a Task's resource. Throws on one that is not emulated, when the machine is loaded. */
export function runnerOf(resource: string): { readonly run: TaskRunner; readonly events: number } {
  const known = RUNNERS[resource];
  if (known) return known;
  if (resource.startsWith('arn:aws:lambda:')) {
    return { run: (call, world) => world.invoke(functionName(resource), call.parameters), events: 3 };
  }
  throw new Error(`Task resource ${resource} is not emulated`);
}

/** `arn:aws:lambda:region:account:function:name[:qualifier]` or a bare name -> name. */
export function functionName(arn: string): string {
  return arn.startsWith('arn:') ? (arn.split(':')[6] ?? arn) : arn;
}

async function invokeByParameters({ parameters }: TaskCall, world: TaskWorld): Promise<Json> {
  const { FunctionName: name, Payload: payload } = fields(parameters);
  const result = await world.invoke(functionName(text(name, 'FunctionName')), payload ?? {});
  return { ExecutedVersion: '$LATEST', Payload: result, StatusCode: 200 };
}

async function runMachine({ parameters, signal }: TaskCall, world: TaskWorld): Promise<Json> {
  const { StateMachineArn: arn, Name: name, Input: input } = fields(parameters);
  const start = { machineArn: text(arn, 'StateMachineArn'), input: input ?? {} };
  const child = await world.runMachine(typeof name === 'string' ? { ...start, name } : start, signal);
  const described = describe(child);
  if (child.status === 'SUCCEEDED') return described;
  throw new TaskError('States.TaskFailed', JSON.stringify(described));
}

function describe(child: FinishedExecution): JsonObject {
  return {
    ExecutionArn: child.arn,
    StateMachineArn: child.machineArn,
    Name: child.name,
    Status: child.status,
    Input: child.input,
    StartDate: child.startedAt.getTime(),
    StopDate: child.endedAt.getTime(),
    ...(child.output === undefined ? {} : { Output: child.output }),
    ...(child.error === undefined ? {} : { Error: child.error }),
    ...(child.cause === undefined ? {} : { Cause: child.cause }),
  };
}

async function sendMessage({ parameters }: TaskCall, world: TaskWorld): Promise<Json> {
  const { QueueUrl: url, MessageBody: body, DelaySeconds: delay } = fields(parameters);
  const message = { queueUrl: text(url, 'QueueUrl'), body: typeof body === 'string' ? body : JSON.stringify(body) };
  const sent = await world.sendMessage(typeof delay === 'number' ? { ...message, delaySeconds: delay } : message);
  return { MessageId: sent.messageId };
}

/** The wait begins before the message is sent: a worker may answer faster than the send returns. */
async function sendAndWait(call: TaskCall, world: TaskWorld): Promise<Json> {
  const { token, heartbeatSeconds, signal } = call;
  const giveUp = new AbortController();
  const answer = world.tokens.wait(token, {
    signal: AbortSignal.any([signal, giveUp.signal]),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatSeconds }),
  });
  const sent = sendMessage(call, world).catch((error: unknown) => {
    giveUp.abort();
    throw error;
  });
  const [output] = await Promise.all([answer, sent]).catch(async (error: unknown) => {
    await sent; // where sending failed, that is the error to tell
    throw error;
  });
  return output;
}

function fields(parameters: Json): JsonObject {
  if (isObject(parameters)) return parameters as JsonObject; // evaluated JSON
  throw new TaskError('States.Runtime', 'Task parameters must be an object');
}

function text(value: Json | undefined, name: string): string {
  if (typeof value === 'string') return value;
  throw new TaskError('States.ParameterPathFailure', `Task parameter ${name} must be text`);
}
