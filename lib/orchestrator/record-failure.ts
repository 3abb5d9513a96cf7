import { ERRORS, SyncError } from '../model/errors.ts';
import type { Failure } from '../model/job.ts';
import type { JobInput } from '../model/message.ts';
import { remedyFor } from './healing.ts';
import { statesAllowing } from './lifecycle.ts';
import type { RunPorts } from './run-ports.ts';

/** An error for people and programs. What is not ours is `internal`: its text may hold anything. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof SyncError))
    return { code: 'internal', message: ERRORS.internal.meaning, hint: ERRORS.internal.remedy };
  const { code, message, problems, facts } = error;
  return {
    code,
    message,
    hint: ERRORS[code].remedy,
    ...(problems.length > 0 && { problems }),
    ...(code === 'confirm_required' && { deletes: Number(facts.deletes) }),
  };
}

/** Notes why a step cannot go on, where settle-job will find it: at its table, or at the job itself. */
export async function recordFailure(
  at: JobInput & { readonly table?: number },
  error: unknown,
  ports: Pick<RunPorts, 'jobs'>,
): Promise<void> {
  const failure = failureOf(error);
  if (at.table === undefined) {
    await ports.jobs.transition(at.job_id, { from: statesAllowing('fail'), epoch: at.epoch }, { failure });
    return;
  }
  const table = await ports.jobs.table(at.job_id, at.table);
  if (table) await ports.jobs.putTables([{ ...table, state: 'failed', failure }]);
}

/**
 * Notes why a run is about to end, if that is how it ends: at the table that failed, or, where the job is going to wait, at
 * the job. What is worth a retry is still tried again by the state machine and must not look like an end.
 */
export async function recordEnd(
  at: JobInput & { readonly table?: number },
  error: unknown,
  ports: Pick<RunPorts, 'jobs'>,
): Promise<void> {
  const remedy = remedyFor(error);
  if (remedy === 'retry') return;
  await recordFailure(remedy === 'pause' ? { job_id: at.job_id, epoch: at.epoch } : at, error, ports);
}
