import { AsyncLocalStorage } from 'node:async_hooks';
import { ExecutionAbortedError, StateMachine } from 'aws-local-stepfunctions';

/**
 * Where a task handler runs: one execution, or one iteration of a Map in it.
 *
 * `signal` aborts when the execution or iteration is over, however it ended. `attempts` counts entries by state name.
 */
export interface Scope {
  readonly signal: AbortSignal;
  readonly attempts: Map<string, { readonly input: string; readonly count: number }>;
}

const scopes = new AsyncLocalStorage<Scope>();
let installed = false;

/** The scope of the calling task handler. Throws outside one. */
export function currentScope(): Scope {
  const scope = scopes.getStore();
  if (!scope) throw new Error('Not inside an execution');
  return scope;
}

/** Runs `work` as if no execution surrounded it; for starting one execution from inside another. */
export function outsideScope<Result>(work: () => Result): Result {
  return scopes.exit(work);
}

/**
 * Gives every run of aws-local-stepfunctions a scope, by wrapping `StateMachine.prototype.run`, once.
 *
 * The library (3.0.0) calls handlers with their input alone, so a handler could not know that its iteration was given
 * up; and after one iteration of a Map fails, it still starts those that waited for their turn. Map and Parallel create
 * a new StateMachine an attempt and call `run` on it for each iteration, which is the one place where both can be mended.
 */
export function installScopes(): void {
  if (installed) return;
  installed = true;
  const run = StateMachine.prototype.run;
  const givenUp = new WeakSet<StateMachine>();

  StateMachine.prototype.run = function scopedRun(this: StateMachine, input, options) {
    const outer = scopes.getStore();
    if (outer && (outer.signal.aborted || givenUp.has(this))) {
      const result = Promise.reject(new ExecutionAbortedError());
      return { abort: () => {}, eventLogs: nothing(), result };
    }
    const controller = new AbortController();
    const signal = outer ? AbortSignal.any([outer.signal, controller.signal]) : controller.signal;
    const inner = scopes.run({ signal, attempts: new Map() }, () => run.call(this, input, options));
    inner.result.then(
      () => controller.abort(),
      () => {
        if (outer) givenUp.add(this); // siblings that have not begun; a root machine is run again by the next execution
        controller.abort();
      },
    );
    return {
      ...inner,
      abort: () => {
        controller.abort();
        inner.abort();
      },
    };
  };
}

async function* nothing(): AsyncGenerator<never> {}
