import { isDeepStrictEqual } from 'node:util';
import { type JobConfig, writesBoth } from '../model/config.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { type CommandPorts, withBoth, withTarget } from './run-ports.ts';
import { staleHolder } from './stale-holder.ts';
import { jobFor, type MoveRequest, movedMeanwhile } from './stop-job.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

export interface ResumeRequest extends MoveRequest {
  /** For callers that repeat the config they started with; another one is refused. */
  readonly config?: JobConfig;
  /** How many deletes the caller accepts, where the job paused before them. */
  readonly confirmDeletes?: number;
}

/** Throws `resume_expired` where the secret of the job is gone. */
async function reopen(job: Job, ports: CommandPorts): Promise<void> {
  if (job.secret_removed) throw new SyncError('resume_expired', 'The connections of this job are not kept any more.');
  const failed = job.state === 'failed';
  if (writesBoth(job.config)) return reopenBoth(job, failed, ports);
  await withTarget(job, ports, STATEMENT_TIMEOUT_MS, (target) =>
    target.reopen(job.job_id, job.epoch, { stale: staleHolder(target, ports), failed }),
  );
}

/** The source first: leases that are taken there for a job that does not go on then die with it, as all do. */
async function reopenBoth(job: Job, failed: boolean, ports: CommandPorts): Promise<void> {
  await withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    await source.writer?.reopen(job.job_id, job.epoch, { stale: staleHolder(source, ports), failed });
    await target.reopen(job.job_id, job.epoch, { stale: staleHolder(target, ports), failed });
  });
}

/**
 * Lets a job go on that was stopped, paused or has failed: takes its leases again, then starts a run at the next epoch. It
 * continues from the checkpoints in the target; at most one chunk per segment is done again.
 *
 * Of many at once one starts it; the others are told the state it is in. Throws `job_not_found`, `state_conflict`,
 * `config_changed`, `resume_expired`, `target_busy`, and what keeps the target from being reached; then nothing changed.
 */
export async function resumeJob(request: ResumeRequest, ports: CommandPorts): Promise<Job> {
  const job = await jobFor('resume', request, ports);
  if (request.config && !isDeepStrictEqual(plain(request.config), plain(job.config)))
    throw new SyncError('config_changed', 'The config differs from the one this job was started with.');
  try {
    await reopen(job, ports);
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'epoch_superseded') throw error;
    throw await overtaken(job, ports);
  }
  const now = ports.clock().toISOString();
  const resumed = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('resume'), epoch: job.epoch },
    {
      state: stateAfter('resume'),
      epoch: job.epoch + 1,
      moved_by: { event: 'job.resumed', actor: request.actor },
      heartbeat_at: now,
      takeovers: 0,
      ended_at: undefined,
      failure: undefined,
      pause: undefined,
      audit_root: undefined,
      ...(request.confirmDeletes !== undefined && { confirmed_deletes: request.confirmDeletes }),
    },
  );
  if (!resumed) throw await overtaken(job, ports);
  await ports.workflow.start({ job_id: job.job_id, epoch: resumed.epoch }).catch(() => undefined); // the sweeper starts it
  return resumed;
}

/** As JSON carries it: an absent field and an undefined one are the same. */
const plain = (config: JobConfig): unknown => JSON.parse(JSON.stringify(config));

const overtaken = async (job: Job, ports: CommandPorts): Promise<SyncError> =>
  movedMeanwhile((await ports.jobs.get(job.job_id)) ?? job);
