import { ERRORS } from '../model/errors.ts';
import type { CaughtError, TableInput } from '../model/message.ts';
import { codeIn } from './caught.ts';
import { failsTable } from './healing.ts';
import { noteHealing } from './note-healing.ts';
import { currentJob, type RunPorts } from './run-ports.ts';

/** Whether the error was this table's own: then the job goes on without it. */
export interface GivenUp {
  readonly table_only: boolean;
}

/**
 * What becomes of a pass over a table that ended with an error. Where somebody has to look at this table, it is marked as
 * failed, later passes leave it out, and the other tables go on; settle-job then ends the job as failed. Where the job
 * waits for something, or a newer run has it, the error is left to the job.
 */
export async function giveUpTable(
  input: TableInput & { readonly error: CaughtError },
  ports: RunPorts,
): Promise<GivenUp> {
  const code = codeIn(input.error);
  if (!failsTable(code)) return { table_only: false };
  const job = await currentJob(input, ports.jobs);
  const table = await ports.jobs.table(input.job_id, input.table);
  if (!table) return { table_only: false };
  const failure = table.failure ?? { code, message: ERRORS[code].meaning, hint: ERRORS[code].remedy };
  await ports.jobs.putTables([{ ...table, state: 'failed', failure }]);
  await noteHealing(job, 'healing.table_failed', { table: table.name, pass: input.pass, code: failure.code }, ports);
  ports.log.warn('table given up', { job_id: job.job_id, table: input.table, pass: input.pass, code: failure.code });
  return { table_only: true };
}
