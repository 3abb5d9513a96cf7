import { jobEvent } from '../audit/job-event.ts';
import { ERRORS, SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { end } from './end-job.ts';
import { LIFECYCLE, stateAfter, statesAllowing } from './lifecycle.ts';
import { failureOf } from './record-failure.ts';
import { type CommandPorts, raiseEverywhere, withWritten } from './run-ports.ts';

/** The API answers within 29 s; raising the epoch takes at most about 4. */
const STATEMENT_TIMEOUT_MS = 8_000;

/** Somebody else moves the job at the same time: how often we look again before we give up. */
const LOOKS = 10;

/** A job that somebody wants to move; `epoch`: only while it is at that one. */
export interface MoveRequest {
  readonly jobId: string;
  readonly epoch?: number;
  readonly actor: string;
}

/** The job as somebody knows it who wants to do `event` to it. Throws `job_not_found`, `state_conflict`. */
export async function jobFor(
  event: 'stop' | 'resume',
  { jobId, epoch }: Pick<MoveRequest, 'jobId' | 'epoch'>,
  ports: Pick<CommandPorts, 'jobs'>,
): Promise<Job> {
  const job = await ports.jobs.get(jobId);
  if (!job) throw new SyncError('job_not_found', 'There is no job with this id.');
  if (epoch !== undefined && job.epoch !== epoch) throw movedMeanwhile(job);
  if (LIFECYCLE[job.state][event] !== null) return job;
  throw new SyncError(
    'state_conflict',
    `A job that is ${job.state} cannot be ${event === 'stop' ? 'stopped' : 'resumed'}.`,
    {
      facts: { state: job.state },
    },
  );
}

export const movedMeanwhile = ({ state }: Job): SyncError =>
  new SyncError('state_conflict', `Somebody else has moved the job meanwhile; it is ${state}.`, { facts: { state } });

/** Says in DynamoDB that the job is to stop, at the next epoch. Of many at once one does; the others find it done. */
async function requestStop(request: MoveRequest, ports: CommandPorts): Promise<Job> {
  const { jobId, actor } = request;
  for (let look = 1; look <= LOOKS; look++) {
    const job = await jobFor('stop', request, ports);
    if (job.state === 'stopping' || job.state === 'stopped') return job;
    const stopping = await ports.jobs.transition(
      jobId,
      { from: [job.state], epoch: job.epoch },
      { state: stateAfter('stop', job.state), epoch: job.epoch + 1, stopped_by: actor, pause: undefined },
    );
    if (stopping) return stopping;
  }
  throw new SyncError('unavailable', 'The job moves too fast to be stopped now.');
}

/**
 * Carries a stop through: closes the target to every older epoch, ends the execution, then says `stopped`. So the target
 * proves it: once the job is `stopped`, nothing can be written for it.
 *
 * While the target does not answer the job stays `stopping` and says why; the sweeper tries again each minute. A job whose
 * secret is gone fails instead.
 */
export async function finishStop(job: Job, ports: CommandPorts): Promise<Job> {
  try {
    await withWritten(job, ports, STATEMENT_TIMEOUT_MS, (target, writer) => {
      const event = jobEvent('job.stopped', job.stopped_by ?? job.actor, { epoch: job.epoch });
      return raiseEverywhere(job, job.epoch, { target, writer }, { event, release: true });
    });
  } catch (error) {
    const superseded = error instanceof SyncError && error.code === 'epoch_superseded';
    if (superseded && !error.facts.ended) return (await ports.jobs.get(job.job_id)) ?? job;
    if (!superseded) {
      if (error instanceof SyncError && error.code === 'secret_missing') {
        // nobody can ask the target any more, so `stopped` can never be said
        await end(job, { event: 'fail', failure: failureOf(error) }, ports);
        return (await ports.jobs.get(job.job_id)) ?? job;
      }
      const waiting = { ...failureOf(error), since: ports.clock().toISOString() };
      ports.log.warn('stop waits for the target', { job_id: job.job_id, code: waiting.code });
      return (await move(job, { pause: waiting }, ports)) ?? job;
    }
    // the stop came while the last step closed the job in the target: nothing can be written for it either way
  }
  await ports.workflow
    .stop({ job_id: job.job_id, epoch: job.epoch - 1 }, ERRORS.job_stopped.meaning)
    .catch(() => ports.log.warn('execution not stopped; it can write nothing', { job_id: job.job_id }));
  const stopped = { state: stateAfter('stopped'), ended_at: ports.clock().toISOString(), pause: undefined };
  return (await move(job, stopped, ports)) ?? (await ports.jobs.get(job.job_id)) ?? job;
}

const move = (job: Job, patch: Parameters<CommandPorts['jobs']['transition']>[2], ports: CommandPorts) =>
  ports.jobs.transition(job.job_id, { from: statesAllowing('stopped'), epoch: job.epoch }, patch);

/**
 * Stops a job: chunks in flight end whole or not at all, and what was applied stays. Repeating it changes nothing.
 *
 * Answers the job as `stopped`, or as `stopping` where the target does not answer. Throws `job_not_found`, `state_conflict`
 * (it has ended, or is at another epoch).
 */
export async function stopJob(request: MoveRequest, ports: CommandPorts): Promise<Job> {
  const job = await requestStop(request, ports);
  return job.state === 'stopped' ? job : finishStop(job, ports);
}
