import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Json } from '../json.ts';
import { FunctionError } from './function-error.ts';
import { residentMemory } from './resident-memory.ts';

/** One function as the template describes it. */
export interface FunctionSpec {
  readonly name: string;
  /** The module file and the export in it. */
  readonly file: string;
  readonly exportName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly reservedConcurrency?: number;
  readonly logFile: string;
}

const errorSchema = z.object({ errorType: z.string(), errorMessage: z.string(), trace: z.array(z.string()) });
const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('broken'), error: errorSchema }),
  z.object({ kind: z.literal('result'), requestId: z.string(), result: z.string() }),
  z.object({ kind: z.literal('error'), requestId: z.string(), error: errorSchema }),
]);

/** One process of one function: an execution environment, in Lambda's words. Runs one invocation at a time. */
export interface FunctionProcess {
  readonly pid: number;
  /** Rejects with a FunctionError: the function's own, `Sandbox.Timedout`, `Runtime.ExitError` and the like. */
  invoke(event: Json): Promise<Json>;
  alive(): boolean;
  peakBytes(): number;
  kill(): void;
  readonly exited: Promise<void>;
}

/** Lambda refuses larger answers of a synchronous invocation. */
const MAX_RESULT_BYTES = 6 * 1024 * 1024;
/** A process that grows by 1 GB/s passes its limit by a quarter of a gigabyte at most before it is noticed. */
const WATCH_MS = 250;

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));

/** Starts a process; it loads its bundle while the caller goes on. */
export function startFunctionProcess(spec: FunctionSpec): FunctionProcess {
  const log = openSync(spec.logFile, 'a', 0o600);
  const child = spawn(process.execPath, [...heapFlags(spec.memoryMb), BOOTSTRAP, spec.file, spec.exportName], {
    env: spec.environment,
    stdio: ['ignore', log, log, 'ipc'],
    serialization: 'json',
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new FunctionError('Runtime.ExitError', `No process could be started for ${spec.name}`);

  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<void>();
  ready.promise.catch(() => {}); // heard by the first invocation, if there ever is one
  let pending: { requestId: string; resolve: (result: Json) => void; reject: (error: Error) => void } | undefined;
  let death: FunctionError | undefined;
  let peakBytes = 0;

  const kill = (reason?: FunctionError) => {
    death ??= reason;
    child.kill('SIGKILL');
  };
  const measure = () => {
    const memory = residentMemory(pid);
    if (!memory) return;
    peakBytes = Math.max(peakBytes, memory.peakBytes);
    if (memory.nowBytes <= spec.memoryMb * 1024 * 1024) return;
    kill(new FunctionError('Runtime.ExitError', `${spec.name} used more than its ${spec.memoryMb} MB and was killed`));
  };
  const watch = setInterval(measure, WATCH_MS);
  watch.unref();

  child.on('message', (raw) => {
    const parsed = messageSchema.safeParse(raw);
    if (!parsed.success) {
      kill(new FunctionError('Runtime.ExitError', `${spec.name} sent a message that cannot be read`));
      return;
    }
    const message = parsed.data;
    switch (message.kind) {
      case 'ready':
        ready.resolve();
        return;
      case 'broken':
        ready.reject(toError(message.error));
        kill(toError(message.error));
        return;
      case 'result':
        if (pending?.requestId !== message.requestId) return;
        if (Buffer.byteLength(message.result) > MAX_RESULT_BYTES) {
          pending.reject(new FunctionError('Function.ResponseSizeTooLarge', 'Response payload size exceeded 6 MB'));
          return;
        }
        pending.resolve(JSON.parse(message.result));
        return;
      case 'error':
        if (pending?.requestId === message.requestId) pending.reject(toError(message.error));
        return;
      default:
        message satisfies never;
    }
  });
  const onEnd = (code: number | null, signal: NodeJS.Signals | null) => {
    clearInterval(watch);
    const how = signal ? `signal: ${signal}` : `exit status ${code}`;
    death ??= new FunctionError('Runtime.ExitError', `Runtime exited with error: ${how}`);
    ready.reject(death);
    pending?.reject(death);
    exited.resolve();
  };
  child.on('exit', onEnd);
  child.on('error', () => onEnd(1, null));

  async function invoke(event: Json): Promise<Json> {
    await ready.promise;
    const requestId = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    pending = { requestId, resolve, reject };
    const deadlineMs = Date.now() + spec.timeoutSeconds * 1000;
    const timer = setTimeout(() => {
      kill(new FunctionError('Sandbox.Timedout', `Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`));
    }, spec.timeoutSeconds * 1000);
    if (death) reject(death);
    else child.send({ requestId, event, deadlineMs }, (error) => error && kill());
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      pending = undefined;
      measure();
    }
  }

  return {
    pid,
    invoke,
    alive: () => isAlive(child) && death === undefined,
    peakBytes: () => peakBytes,
    kill: () => kill(),
    exited: exited.promise,
  };
}

/**
 * The heap that Lambda's own Node runtime starts with: a tenth of the memory for new objects, in two halves, the rest for
 * old ones. Without it V8 would plan for this machine's memory and hardly collect before the limit is reached.
 */
function heapFlags(memoryMb: number): readonly string[] {
  const newSpace = Math.floor(memoryMb / 10);
  return [`--max-semi-space-size=${Math.floor(newSpace / 2)}`, `--max-old-space-size=${memoryMb - newSpace}`];
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function toError(error: z.infer<typeof errorSchema>): FunctionError {
  return new FunctionError(error.errorType, error.errorMessage, error.trace);
}
