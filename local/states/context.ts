import type { RunOptions } from 'aws-local-stepfunctions';
import { type Json, mapStrings } from '../json.ts';

/**
 * The library reads `$$` from one static object, so what differs from task to task is a placeholder there, replaced in
 * the evaluated parameters. The private-use character keeps them apart from any text a job could hold.
 */
const PLACEHOLDERS = {
  token: '\uE000task-token\uE000',
  retryCount: '\uE000retry-count\uE000',
  stateName: '\uE000state-name\uE000',
  enteredTime: '\uE000entered-time\uE000',
} as const;

export interface TaskFacts {
  readonly token: string;
  readonly retryCount: number;
  readonly stateName: string;
}

export interface ExecutionFacts {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly machineName: string;
  readonly input: Json;
  readonly startedAt: Date;
}

/** The context object of one execution, with placeholders for what belongs to a task. */
export function contextOf(execution: ExecutionFacts): NonNullable<RunOptions['context']> {
  return {
    Execution: { Id: execution.arn, Name: execution.name, RoleArn: 'arn:aws:iam::000000000000:role/local' },
    Run: { Input: execution.input, StartTime: execution.startedAt.toISOString() }, // see states/definition.ts
    StateMachine: { Id: execution.machineArn, Name: execution.machineName },
    State: {
      Name: PLACEHOLDERS.stateName,
      RetryCount: PLACEHOLDERS.retryCount,
      EnteredTime: PLACEHOLDERS.enteredTime,
    },
    Task: { Token: PLACEHOLDERS.token },
  };
}

/** Puts a task's own facts in; a retry count that stands alone is a number, as in AWS. */
export function fillPlaceholders(parameters: Json, facts: TaskFacts): Json {
  return mapStrings(parameters, (text) => {
    if (text === PLACEHOLDERS.retryCount) return facts.retryCount;
    if (!text.includes('\uE000')) return text;
    return text
      .replaceAll(PLACEHOLDERS.token, facts.token)
      .replaceAll(PLACEHOLDERS.retryCount, String(facts.retryCount))
      .replaceAll(PLACEHOLDERS.stateName, facts.stateName)
      .replaceAll(PLACEHOLDERS.enteredTime, new Date().toISOString());
  });
}
