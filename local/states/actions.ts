import { type Actions, AwsError, textOf } from '../aws/json-protocol.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Execution, Executions } from './executions.ts';
import { TaskError } from './task-error.ts';
import type { TaskTokens } from './task-tokens.ts';

/** Answers that came in over HTTP, by what they said; refused ones are not counted. */
export interface TaskAnswers {
  succeeded: number;
  failed: number;
  heartbeats: number;
}

/** The actions of Step Functions that a client or a worker calls. */
export function stateActions(executions: Executions, tokens: TaskTokens, answers: TaskAnswers): Actions {
  return {
    StartExecution(input) {
      const name = input.name;
      const start = { input: parse(input.input ?? '{}', 'InvalidExecutionInput') };
      const { arn, startedAt } = executions.start(
        textOf(input, 'stateMachineArn'),
        typeof name === 'string' ? { ...start, name } : start,
      );
      return { executionArn: arn, startDate: seconds(startedAt) };
    },
    StopExecution(input) {
      const { error, cause } = input;
      const stopped = executions.stop(textOf(input, 'executionArn'), {
        ...(typeof error === 'string' ? { error } : {}),
        ...(typeof cause === 'string' ? { cause } : {}),
      });
      return { stopDate: seconds(stopped.endedAt ?? new Date()) };
    },
    DescribeExecution: (input) => describe(executions.find(textOf(input, 'executionArn'))),
    ListExecutions(input) {
      const wanted = input.statusFilter;
      const found = executions.list(textOf(input, 'stateMachineArn'));
      const executionsShown = found.filter(({ status }) => wanted === undefined || status === wanted).map(summarize);
      return { executions: executionsShown };
    },
    DescribeStateMachine(input) {
      const { arn, name, definition } = executions.machine(textOf(input, 'stateMachineArn'));
      const roleArn = 'arn:aws:iam::000000000000:role/local';
      return { stateMachineArn: arn, name, definition, roleArn, status: 'ACTIVE', type: 'STANDARD', creationDate: 0 };
    },
    SendTaskSuccess(input) {
      tokens.succeed(textOf(input, 'taskToken'), parse(textOf(input, 'output'), 'InvalidOutput'));
      answers.succeeded += 1;
      return {};
    },
    SendTaskFailure(input) {
      const { error, cause } = input;
      const name = typeof error === 'string' ? error : 'States.TaskFailed';
      tokens.fail(textOf(input, 'taskToken'), new TaskError(name, typeof cause === 'string' ? cause : ''));
      answers.failed += 1;
      return {};
    },
    SendTaskHeartbeat(input) {
      tokens.beat(textOf(input, 'taskToken'));
      answers.heartbeats += 1;
      return {};
    },
  };
}

function summarize({ arn, name, machine, status, startedAt, endedAt }: Execution): JsonObject {
  return {
    executionArn: arn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: seconds(startedAt),
    ...(endedAt === undefined ? {} : { stopDate: seconds(endedAt) }),
  };
}

function describe(execution: Execution): JsonObject {
  const { input, output, error, cause } = execution;
  return {
    ...summarize(execution),
    input: JSON.stringify(input),
    ...(output === undefined ? {} : { output: JSON.stringify(output) }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  };
}

function parse(text: Json, error: string): Json {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new AwsError(error, 'Expected JSON text');
  }
}

function seconds(instant: Date): number {
  return instant.getTime() / 1000;
}
