import { randomUUID } from 'node:crypto';
import { ExecutionAbortedError, ExecutionTimeoutError } from 'aws-local-stepfunctions';
import { AwsError } from '../aws/json-protocol.ts';
import { canonicalJson, type Json } from '../json.ts';
import type { Machine, Run } from './machine.ts';
import { TaskError } from './task-error.ts';
import type { FinishedExecution, TaskWorld } from './tasks.ts';

type Status = 'RUNNING' | FinishedExecution['status'];

/** One execution, in memory only: after a restart nobody knows it any more, and the service starts its jobs again. */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machine: Machine;
  readonly input: Json;
  readonly startedAt: Date;
  readonly run: Run;
  readonly finished: Promise<FinishedExecution>;
  status: Status;
  output?: Json;
  error?: string;
  cause?: string;
  endedAt?: Date;
}

export interface Executions {
  /** Throws `ExecutionAlreadyExists`, except for a running execution with the same input: that one is returned. */
  start(machineArn: string, start: { name?: string; input: Json }): Execution;
  stop(arn: string, reason: { error?: string; cause?: string }): Execution;
  find(arn: string): Execution;
  list(machineArn: string): readonly Execution[];
  machine(arn: string): Machine;
  /** Stops everything that runs. */
  stopAll(): void;
  /** Events of the execution with the most of them. */
  readonly largestHistory: () => number;
  /** States entered by all executions. */
  readonly transitions: () => number;
  readonly running: () => number;
  readonly count: () => number;
}

/** Ended executions beyond this many are forgotten, oldest first. */
const MAX_KEPT = 5_000;
const NAME = /^[0-9A-Za-z_-]{1,80}$/;

export function createExecutions(machines: readonly Machine[], reach: Omit<TaskWorld, 'runMachine'>): Executions {
  const byArn = new Map<string, Execution>();
  let largest = 0;
  let forgotten = 0;
  let started = 0;

  const world: TaskWorld = {
    ...reach,
    async runMachine(child, signal) {
      let execution: Execution;
      try {
        execution = start(child.machineArn, child);
      } catch (error) {
        if (error instanceof AwsError) throw new TaskError(`StepFunctions.${error.name}Exception`, error.message);
        throw error;
      }
      const stopChild = () => end(execution, { status: 'ABORTED' });
      signal.addEventListener('abort', stopChild, { once: true });
      return execution.finished.finally(() => signal.removeEventListener('abort', stopChild));
    },
  };

  function machine(arn: string): Machine {
    const found = machines.find((candidate) => candidate.arn === arn);
    if (!found) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return found;
  }

  function start(machineArn: string, { name = randomUUID(), input }: { name?: string; input: Json }): Execution {
    const runs = machine(machineArn);
    if (!NAME.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
    const arn = `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const before = byArn.get(arn);
    if (before?.status === 'RUNNING' && canonicalJson(before.input) === canonicalJson(input)) return before;
    if (before) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    started += 1;
    const startedAt = new Date();
    const run = runs.start({ arn, name, machineArn, machineName: runs.name, input, startedAt }, world);
    const { promise: finished, resolve } = Promise.withResolvers<FinishedExecution>();
    const execution: Execution = { arn, name, machine: runs, input, startedAt, run, finished, status: 'RUNNING' };
    ends.set(execution, resolve);
    byArn.set(arn, execution);
    run.result.then(
      (output) => end(execution, { status: 'SUCCEEDED', output }),
      (error: unknown) => end(execution, failureOf(error)),
    );
    return execution;
  }

  const ends = new WeakMap<Execution, (finished: FinishedExecution) => void>();

  /** The first end counts; a stopped execution that then fails stays stopped. */
  function end(execution: Execution, how: Ending): void {
    if (execution.status !== 'RUNNING') return;
    const endedAt = new Date();
    Object.assign(execution, how, { endedAt });
    execution.run.abort();
    const { arn, name, machine: of, input, startedAt } = execution;
    ends.get(execution)?.({ arn, name, machineArn: of.arn, input, startedAt, endedAt, ...how });
    forgetOld();
  }

  function forgetOld(): void {
    if (byArn.size <= MAX_KEPT) return;
    for (const [arn, { status, run }] of byArn) {
      if (status === 'RUNNING') continue;
      largest = Math.max(largest, run.historySize());
      forgotten += run.transitions();
      byArn.delete(arn);
      return;
    }
  }

  function find(arn: string): Execution {
    const found = byArn.get(arn);
    if (!found) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return found;
  }

  return {
    start,
    find,
    machine,
    stop(arn, reason) {
      const execution = find(arn);
      end(execution, { status: 'ABORTED', ...reason });
      return execution;
    },
    list: (machineArn) => [...byArn.values()].filter((execution) => execution.machine.arn === machineArn),
    stopAll() {
      for (const execution of byArn.values()) end(execution, { status: 'ABORTED' });
    },
    largestHistory: () => Math.max(largest, ...[...byArn.values()].map(({ run }) => run.historySize())),
    transitions: () => [...byArn.values()].reduce((sum, { run }) => sum + run.transitions(), forgotten),
    running: () => [...byArn.values()].filter(({ status }) => status === 'RUNNING').length,
    count: () => started,
  };
}

type Ending = Pick<FinishedExecution, 'status' | 'output' | 'error' | 'cause'>;

function failureOf(error: unknown): Ending {
  if (error instanceof ExecutionAbortedError) return { status: 'ABORTED' };
  if (error instanceof ExecutionTimeoutError) return { status: 'TIMED_OUT', error: 'States.Timeout' };
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (reason instanceof Error) return { status: 'FAILED', error: reason.name, cause: reason.message };
  return { status: 'FAILED', error: 'States.Runtime', cause: String(reason) };
}
