import type { Readable } from 'node:stream';
import { coloured, type Paint, plain } from './format.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** All that a command touches of the world, so that tests hand in their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly fetch: typeof fetch;
  /** Milliseconds that only grow. */
  now(): number;
  /** Ends early when the user interrupts. */
  pause(ms: number): Promise<void>;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Colours for one output: not when NO_COLOR is set, `--no-color` given, or it is no terminal that has them. */
export function paintFor(output: Output, io: Pick<Io, 'env'>, wanted: boolean): Paint {
  const able = output.isTTY === true && io.env.TERM !== 'dumb' && !io.env.NO_COLOR;
  return able && wanted ? coloured : plain;
}
