import { type RunOptions, StateMachine } from 'aws-local-stepfunctions';
import { canonicalJson, type Json } from '../json.ts';
import { contextOf, type ExecutionFacts, fillPlaceholders } from './context.ts';
import { prepareDefinition, type TaskState } from './definition.ts';
import { currentScope, installScopes, outsideScope, type Scope } from './scope.ts';
import { TaskError } from './task-error.ts';
import { runnerOf, type TaskWorld } from './tasks.ts';

/** A state machine that can be run. */
export interface Machine {
  readonly arn: string;
  readonly name: string;
  readonly definition: string;
  start(execution: ExecutionFacts, world: TaskWorld): Run;
}

export interface Run {
  /** Rejects with ExecutionError (its `cause` has the name), ExecutionAbortedError or ExecutionTimeoutError. */
  readonly result: Promise<Json>;
  /** Events so far, counted as AWS counts them; 25,000 is the end of an execution there. */
  historySize(): number;
  /** States entered so far, each retry of a task again: what AWS bills. */
  transitions(): number;
  abort(): void;
}

/** The most that a state may give to the next one. */
const MAX_OUTPUT_BYTES = 256 * 1024;

type Handlers = NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']>;

/** Throws when the definition needs something that is not emulated. */
export function createMachine(arn: string, name: string, definition: string): Machine {
  installScopes();
  const { machine, tasks } = prepareDefinition(definition);
  for (const task of tasks) runnerOf(task.resource);
  const stateMachine = new StateMachine(machine, { validationOptions: { noValidate: true } });

  function start(execution: ExecutionFacts, world: TaskWorld): Run {
    let taskEvents = 0;
    let stateEvents = 0;
    let entered = 0;
    const handlers: Handlers = {};
    for (const task of tasks) {
      handlers[task.name] = (parameters) => {
        taskEvents += runnerOf(task.resource).events;
        entered += 1;
        return runTask(task, parameters, world) as ReturnType<Handlers[string]>; // our Json is the library's, but read-only
      };
    }
    const input = execution.input as Parameters<StateMachine['run']>[0]; // as above
    const run = outsideScope(() =>
      stateMachine.run(input, {
        context: contextOf(execution),
        overrides: { taskResourceLocalHandlers: handlers },
      }),
    );
    const count = async () => {
      for await (const event of run.eventLogs) {
        const onMap = (event.type === 'StateEntered' || event.type === 'StateExited') && event.state.type === 'Map';
        if (event.type === 'StateEntered' && event.state.type !== 'Task') entered += 1;
        stateEvents += onMap ? 2 : 1; // a Map also logs MapStateStarted and MapStateSucceeded
      }
    };
    void count(); // ends with the execution; without a reader the library keeps every event
    return {
      result: run.result.then((result) => result ?? null),
      historySize: () => taskEvents + stateEvents,
      transitions: () => entered,
      abort: run.abort,
    };
  }
  return { arn, name, definition, start };
}

async function runTask(task: TaskState, parameters: Json, world: TaskWorld): Promise<Json> {
  const scope = currentScope();
  if (scope.signal.aborted) throw new TaskError('States.Aborted', 'The execution was stopped.');
  const over = new AbortController();
  const signal = AbortSignal.any([scope.signal, over.signal]);
  const token = world.tokens.create();
  const call = {
    parameters: fillPlaceholders(parameters, {
      token,
      stateName: task.name,
      retryCount: countAttempt(scope, task.name, parameters),
    }),
    token,
    signal,
    ...(task.heartbeatSeconds === undefined ? {} : { heartbeatSeconds: task.heartbeatSeconds }),
  };
  const { timeoutSeconds } = task;
  const timer = timeoutSeconds === undefined ? undefined : setTimeout(() => over.abort(), timeoutSeconds * 1000);
  try {
    const output = await untilAborted(runnerOf(task.resource).run(call, world), signal);
    scope.attempts.delete(task.name);
    if (Buffer.byteLength(JSON.stringify(output) ?? 'null') > MAX_OUTPUT_BYTES) {
      throw new TaskError('States.DataLimitExceeded', `The output of ${task.name} is larger than 256 KiB.`);
    }
    return output;
  } catch (error) {
    // The library raises States.Timeout itself, at this same moment, in a form that States.TaskFailed does not match.
    if (over.signal.aborted && !scope.signal.aborted) return new Promise<never>(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** How often this state was tried before with this input and did not succeed. */
function countAttempt(scope: Scope, stateName: string, parameters: Json): number {
  const input = canonicalJson(parameters);
  const before = scope.attempts.get(stateName);
  const count = before?.input === input ? before.count + 1 : 0;
  scope.attempts.set(stateName, { input, count });
  return count;
}

/** A function that is running goes on when its execution stops, as in AWS; only nobody waits for it any more. */
function untilAborted(work: Promise<Json>, signal: AbortSignal): Promise<Json> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new TaskError('States.Aborted', 'The execution was stopped.'));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
