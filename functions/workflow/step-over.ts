import type * as z from 'zod';
import { fpWork } from '../../lib/failpoint.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { Pass } from '../../lib/model/job.ts';
import type { JobInput } from '../../lib/model/message.ts';
import { remedyFor } from '../../lib/orchestrator/healing.ts';
import { noteHealingOf, reasonOf } from '../../lib/orchestrator/note-healing.ts';
import { assertState } from '../../lib/orchestrator/paging.ts';
import { failureOf, recordEnd } from '../../lib/orchestrator/record-failure.ts';
import type { RunPorts } from '../../lib/orchestrator/run-ports.ts';

/** An error whose name is the code, which is what Retry and Catch of a state machine match. */
function named(code: string, message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name: code });
}

/**
 * A Lambda handler for one step of a state machine: input parsed, result returned, errors named by their code.
 *
 * An error that is worth a retry is only thrown (the machine retries it by name); any other is first recorded where
 * settle-job finds it. A run that was taken over records nothing: the job is not its own any more.
 */
export function stepOver<
  Input extends JobInput & { readonly table?: number; readonly pass?: Pass },
  Ports extends Pick<RunPorts, 'jobs' | 'audit' | 'clock' | 'log'>,
  Output,
>(
  schema: z.ZodType<Input>,
  work: (input: Input, ports: Ports) => Promise<Output>,
  portsOf: () => Ports,
): (event: unknown) => Promise<Output | Record<string, never>> {
  return async (event) => {
    const ports = portsOf();
    const input = schema.parse(event);
    fpWork('step', input);
    const at = { job_id: input.job_id, epoch: input.epoch, table: input.table };
    try {
      const output = (await work(input, ports)) ?? {};
      assertState(output);
      ports.log.info('step done', at);
      return output;
    } catch (error) {
      const failure = failureOf(error);
      const sqlstate = error instanceof SyncError ? error.facts.sqlstate : undefined;
      ports.log.error('step failed', { ...at, code: failure.code, sqlstate, error_name: (error as Error).name });
      if (failure.code !== 'epoch_superseded') await recordEnd(input, error, ports);
      if (remedyFor(error) === 'retry') {
        const at = input.table === undefined ? {} : { table: `table ${input.table}` };
        await noteHealingOf(input.job_id, 'healing.step_retried', { ...at, ...reasonOf(error) }, ports);
      }
      throw named(failure.code, failure.message, error);
    }
  };
}
