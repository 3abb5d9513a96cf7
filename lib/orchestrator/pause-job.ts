import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { SyncError } from '../model/errors.ts';
import type { Failure, Job, Pause } from '../model/job.ts';
import { probeDelayMs } from './healing.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { noteHealing } from './note-healing.ts';
import { type RunPorts, raiseEverywhere, withWritten } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

/** Why a job waits from `now` on, and when the service looks by itself whether it can go on. Pure. */
export function pauseFor(failure: Failure, now: Date): Pause {
  const delayMs = probeDelayMs(failure.code);
  return {
    ...failure,
    since: now.toISOString(),
    ...(delayMs !== undefined && { probe_at: new Date(now.getTime() + delayMs).toISOString() }),
  };
}

/**
 * Lets a job wait for somebody or something. Its workers can write nothing from then on, where the target can be told; it
 * keeps its leases, because it means to go on.
 */
export async function pauseJob(job: Job, failure: Failure, ports: RunPorts): Promise<void> {
  const event = jobEvent('job.paused', SERVICE, { code: failure.code, message: failure.message });
  try {
    await withWritten(job, ports, STATEMENT_TIMEOUT_MS, (target, writer) =>
      raiseEverywhere(job, job.epoch + 1, { target, writer }, { event }),
    );
  } catch (error) {
    if (error instanceof SyncError && error.code === 'epoch_superseded') return;
    ports.log.warn('the target did not learn that the job is paused', { job_id: job.job_id, code: failure.code });
  }
  const paused = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('pause'), epoch: job.epoch },
    { state: stateAfter('pause'), epoch: job.epoch + 1, pause: pauseFor(failure, ports.clock()), failure: undefined },
  );
  if (paused) await noteHealing(job, 'healing.paused', { code: failure.code }, ports);
}
