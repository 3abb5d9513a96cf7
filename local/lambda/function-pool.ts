import type { Json } from '../json.ts';
import { FunctionError } from './function-error.ts';
import { type FunctionProcess, type FunctionSpec, startFunctionProcess } from './function-process.ts';
import { residentMemory } from './resident-memory.ts';

export interface FunctionFigures {
  readonly invocations: number;
  readonly errors: number;
  /** Processes that ended while they worked: killed by a limit, by a test, or by themselves. */
  readonly crashes: number;
  readonly peakBytes: number;
}

export interface FunctionPool {
  readonly name: string;
  readonly reservedConcurrency: number | undefined;
  /** Rejects with a FunctionError. */
  invoke(event: Json): Promise<Json>;
  processes(): readonly { readonly pid: number; readonly busy: boolean; readonly bytes: number }[];
  figures(): FunctionFigures;
  /** Other code and settings from the next invocation on; those under way end with what they have. */
  update(spec: FunctionSpec): void;
  /** Ends every process, busy or not, and refuses further invocations. */
  stop(): Promise<void>;
}

/** Lambda keeps an idle environment for minutes; here memory matters more than a start of some 200 ms. */
const IDLE_MS = 60_000;

/** Runs a function in as many processes as are needed at once, each used again while it lives. */
export function createFunctionPool(first: FunctionSpec, idleMs = IDLE_MS): FunctionPool {
  let spec = first;
  /** Processes that have the code of now. */
  let current = new WeakSet<FunctionProcess>();
  const idle = new Map<FunctionProcess, NodeJS.Timeout>();
  const all = new Set<FunctionProcess>();
  let stopped = false;
  let busy = 0;
  let invocations = 0;
  let errors = 0;
  let crashes = 0;
  let peakBytes = 0;

  function take(): FunctionProcess {
    for (const [free, timer] of idle) {
      clearTimeout(timer);
      idle.delete(free);
      if (free.alive()) return free;
    }
    const started = startFunctionProcess(spec);
    all.add(started);
    current.add(started);
    void started.exited.then(() => {
      clearTimeout(idle.get(started));
      idle.delete(started);
      all.delete(started);
    });
    return started;
  }

  function giveBack(used: FunctionProcess): void {
    peakBytes = Math.max(peakBytes, used.peakBytes());
    if (!used.alive()) return;
    if (stopped || !current.has(used)) {
      used.kill();
      return;
    }
    const timer = setTimeout(() => used.kill(), idleMs);
    timer.unref();
    idle.set(used, timer);
  }

  async function invoke(event: Json): Promise<Json> {
    if (stopped) throw new FunctionError('ServiceException', `${spec.name} is shutting down`);
    if (spec.reservedConcurrency !== undefined && busy >= spec.reservedConcurrency) {
      throw new FunctionError('TooManyRequestsException', 'Rate Exceeded.');
    }
    busy += 1;
    invocations += 1;
    const used = take();
    try {
      return await used.invoke(event);
    } catch (error) {
      errors += 1;
      if (!used.alive()) crashes += 1;
      throw error;
    } finally {
      busy -= 1;
      giveBack(used);
    }
  }

  return {
    name: first.name,
    reservedConcurrency: first.reservedConcurrency,
    invoke,
    processes: () =>
      [...all].map((one) => ({ pid: one.pid, busy: !idle.has(one), bytes: residentMemory(one.pid)?.nowBytes ?? 0 })),
    figures: () => ({
      invocations,
      errors,
      crashes,
      peakBytes: Math.max(peakBytes, ...[...all].map((one) => one.peakBytes())),
    }),
    update(next) {
      spec = next;
      current = new WeakSet();
      for (const [free, timer] of idle) {
        clearTimeout(timer);
        free.kill();
      }
      idle.clear(); // at once: one that is killed takes a moment to end
    },
    async stop() {
      stopped = true;
      const ending = [...all].map((one) => one.exited);
      for (const one of all) one.kill();
      await Promise.all(ending);
    },
  };
}
