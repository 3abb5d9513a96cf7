import { dynamoClient } from './aws/clients.ts';
import { dynamoUsage } from './aws/dynamo/usage-store.ts';
import { type Counted, count, takeCounted } from './aws/meter.ts';

/** A container that was made ready in advance is not billed for its waiting; Lambda gives it this long to begin. */
const LONGEST_INIT_MS = 10_000;

let began = false;

/** What an invocation was about: a job, and figures that only the caller knows. Undefined: no job. */
export type About<Event, Result> = (
  event: Event,
  result: Result | undefined,
) => (Counted & { readonly job: string }) | undefined;

/**
 * A Lambda handler that adds what each of its invocations used to the job that it was about, once, at its end. An invocation
 * that does not come to its end is not counted. Nothing of this fails the work: figures that cannot be stored are lost.
 */
export function metered<Event, Rest extends readonly unknown[], Result>(
  handler: (event: Event, ...rest: Rest) => Promise<Result>,
  about: About<Event, Result>,
): (event: Event, ...rest: Rest) => Promise<Result> {
  return async (event, ...rest) => {
    // the first one also pays for the start of the process
    const from = began ? performance.now() : Math.max(0, performance.now() - LONGEST_INIT_MS);
    began = true;
    takeCounted();
    let result: Result | undefined;
    try {
      result = await handler(event, ...rest);
      return result;
    } finally {
      await note(from, () => about(event, result)).catch(() => undefined);
    }
  };
}

async function note(from: number, about: () => ReturnType<About<unknown, unknown>>): Promise<void> {
  const known = about();
  if (!known) return;
  const { job, ...more } = known;
  for (const [figure, n] of Object.entries(more)) count(figure as keyof Counted, n);
  count('invocations', 1);
  count('write_units', 1); // the one of this note
  count('lambda_mb_ms', Math.ceil(performance.now() - from) * Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE));
  await dynamoUsage({ name: () => String(process.env.JOBS_TABLE), client: dynamoClient }).add(job, takeCounted());
}

/** The same for a step of a state machine. `entered`: what the machine does because of the call (lib/orchestrator/transitions.ts). */
export const meteredStep = <Output, Input extends object>(
  step: (event: unknown) => Promise<Output | Record<string, never>>,
  entered: (output: Output | undefined, input: Input) => Counted,
) =>
  metered(step, (event, output) => {
    const input = event as Input & { readonly job_id: string }; // the step has parsed it
    return { job: input.job_id, ...entered(output as Output | undefined, input) }; // a step without an answer: {}
  });
