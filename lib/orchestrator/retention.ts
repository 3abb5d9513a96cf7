import type { AuditLevel } from '../model/audit-view.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { Clock, JobArchive, Log } from '../ports.ts';

/** Days that a job is kept after its end, by its audit level; 0: for good. */
export type RetentionDays = Readonly<Record<AuditLevel, number>>;

export interface RetentionPorts {
  readonly archive: JobArchive;
  readonly clock: Clock;
  readonly log: Log;
}

const DAY_MS = 86_400_000;

/** Whether somebody could still resume it, or it still runs. */
const mayGoOn = ({ state, secret_removed }: Job) =>
  state !== 'completed' && state !== 'completed_with_issues' && !secret_removed;

/** Whether the time of a job is up. Pure. */
export function isOver(job: Job, days: RetentionDays, now: Date): boolean {
  const kept = days[job.config.audit_level];
  if (kept === 0 || mayGoOn(job) || !job.ended_at) return false;
  return now.getTime() - Date.parse(job.ended_at) > kept * DAY_MS;
}

/** No job created after this can be over. Pure. */
function horizon(days: RetentionDays, now: Date): Date | undefined {
  const kept = Object.values(days).filter((d) => d > 0);
  return kept.length > 0 ? new Date(now.getTime() - Math.min(...kept) * DAY_MS) : undefined;
}

async function eraseOne(job: Job, kept: number, { archive, clock }: RetentionPorts): Promise<void> {
  const { job_id, mode, state, created_at, ended_at = '', audit_root: root } = job;
  const { audit_level } = job.config;
  const begun_at = clock().toISOString();
  await archive.begin({
    job_id,
    mode,
    state,
    audit_level,
    kept_days: kept,
    created_at,
    ended_at,
    begun_at,
    ...(root && { root }),
  });
  await archive.erase(job_id);
  await archive.finish(job_id, clock().toISOString());
}

/**
 * Deletes every job whose time is up: its trail with its roots, its tables, segments and head, and at last the job itself.
 * The registry says so, from before the first delete on. Whole or not at all: what a run that died has begun, the next one
 * ends. `inTime`: false ends the run after the job at hand; the next one goes on.
 */
export async function retain(
  days: RetentionDays,
  ports: RetentionPorts,
  inTime: () => boolean = () => true,
): Promise<number> {
  const { archive, clock, log } = ports;
  let erased = 0;
  let failed = 0;
  const counted = async (jobId: string, work: () => Promise<void>) => {
    try {
      await work();
      erased += 1;
      log.info('job erased', { job_id: jobId });
    } catch (error) {
      failed += 1;
      log.error('job not erased', { job_id: jobId, code: error instanceof SyncError ? error.code : 'internal' });
    }
  };
  for (const jobId of await archive.begun()) {
    await counted(jobId, async () => {
      await archive.erase(jobId);
      await archive.finish(jobId, clock().toISOString());
    });
  }
  const before = horizon(days, clock());
  for (let cursor: string | undefined; before && inTime(); ) {
    const page = await archive.oldest(before.toISOString(), cursor);
    for (const job of page.jobs)
      if (inTime() && isOver(job, days, clock()))
        await counted(job.job_id, () => eraseOne(job, days[job.config.audit_level], ports));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  log.info('retention ended', {}, { JobsErased: erased, JobsNotErased: failed });
  return erased;
}
