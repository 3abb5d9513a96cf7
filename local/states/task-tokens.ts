import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws/json-protocol.ts';
import type { Json } from '../json.ts';
import { TaskError } from './task-error.ts';

interface Waiting {
  readonly succeed: (output: Json) => void;
  readonly fail: (error: Error) => void;
  readonly beat: () => void;
}

/** Tokens that are waited for, and those that were. Token ids come from us, so a forged one is simply unknown. */
export interface TaskTokens {
  create(): string;
  /**
   * Resolves with what SendTaskSuccess brought; rejects with what SendTaskFailure brought, with
   * `States.HeartbeatTimeout` after `heartbeatSeconds` without a sign of life, or when `signal` aborts.
   */
  wait(token: string, options: { heartbeatSeconds?: number; signal: AbortSignal }): Promise<Json>;
  succeed(token: string, output: Json): void;
  fail(token: string, error: TaskError): void;
  beat(token: string): void;
  /** How many tokens were waited for so far. */
  waited(): number;
}

/** Remembered so that a late answer is told apart from a forged one: 100,000 tokens take some 10 MB. */
const MAX_REMEMBERED = 100_000;

export function createTaskTokens(): TaskTokens {
  const waiting = new Map<string, Waiting>();
  const over = new Set<string>();
  let waited = 0;

  const find = (token: string): Waiting => {
    const found = waiting.get(token);
    if (found) return found;
    if (over.has(token)) {
      throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    }
    throw new AwsError('TaskDoesNotExist', 'Task does not exist');
  };
  const forget = (token: string) => {
    waiting.delete(token);
    over.add(token);
    if (over.size > MAX_REMEMBERED) over.delete(over.values().next().value ?? '');
  };

  return {
    create: () => `${randomUUID()}${randomUUID()}`,
    wait: (token, { heartbeatSeconds, signal }) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          forget(token);
          end();
        };
        const onAbort = () => settle(() => reject(new TaskError('States.Aborted', 'The execution was stopped.')));
        const arm = () => {
          if (heartbeatSeconds === undefined) return undefined;
          const late = () => settle(() => reject(new TaskError('States.HeartbeatTimeout', 'No heartbeat in time.')));
          return setTimeout(late, heartbeatSeconds * 1000);
        };
        let timer = arm();
        waited += 1;
        waiting.set(token, {
          succeed: (output) => settle(() => resolve(output)),
          fail: (error) => settle(() => reject(error)),
          beat: () => {
            clearTimeout(timer);
            timer = arm();
          },
        });
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort);
      }),
    succeed: (token, output) => find(token).succeed(output),
    fail: (token, error) => find(token).fail(error),
    beat: (token) => find(token).beat(),
    waited: () => waited,
  };
}
