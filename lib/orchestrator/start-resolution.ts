import { SyncError } from '../model/errors.ts';
import {
  type IfMoved,
  NOTHING_RESOLVED,
  type Resolution,
  type ResolutionDecision,
  type ResolutionFilter,
} from '../model/resolution.ts';
import type { Clock, ConflictStore, JobStore, ResolutionQueue, ResolutionStore } from '../ports.ts';

/** What an order to decide many conflicts needs of the outside. */
export interface StartResolutionPorts {
  readonly jobs: JobStore;
  readonly conflicts: ConflictStore;
  readonly resolutions: ResolutionStore;
  readonly queue: ResolutionQueue;
  readonly clock: Clock;
}

export interface ResolutionRequest {
  readonly resolutionId: string;
  readonly jobId: string;
  readonly filter: ResolutionFilter;
  readonly decision: ResolutionDecision;
  readonly ifMoved?: IfMoved;
  /** How many open conflicts the caller has agreed to decide. */
  readonly expectedCount: number;
  readonly actor: string;
  readonly note?: string;
}

/** How many open conflicts of a job a filter means now. Throws `job_not_found`. */
export async function previewResolution(
  jobId: string,
  filter: ResolutionFilter,
  { jobs, conflicts }: Pick<StartResolutionPorts, 'jobs' | 'conflicts'>,
): Promise<number> {
  if (!(await jobs.get(jobId))) throw new SyncError('job_not_found', 'there is no job with this id');
  return conflicts.count({ ...filter, job_id: jobId, state: 'open' });
}

/** A conflict opened later than the newest one now is no part of the order; in the clock of the conflicts themselves. */
function upToNow(filter: ResolutionFilter, newest: string | undefined): ResolutionFilter {
  if (newest === undefined) return filter;
  const behind = new Date(Date.parse(newest) + 1).toISOString();
  return filter.opened_to !== undefined && filter.opened_to < behind ? filter : { ...filter, opened_to: behind };
}

/**
 * Stores an order to decide every open conflict that a filter means, and lets its first step be done. Nothing is decided
 * here. Throws `job_not_found`, and `count_changed` where there are not as many as the caller expects.
 */
export async function startResolution(request: ResolutionRequest, ports: StartResolutionPorts): Promise<Resolution> {
  const { jobId, filter, expectedCount } = request;
  const newest = await ports.conflicts.newestOpen(jobId);
  const found = await previewResolution(jobId, filter, ports);
  if (found !== expectedCount)
    throw new SyncError('count_changed', `${expectedCount} conflicts were expected, ${found} are open.`, {
      facts: { expected: expectedCount, found },
    });
  const now = ports.clock().toISOString();
  const resolution: Resolution = {
    resolution_id: request.resolutionId,
    job_id: jobId,
    filter: upToNow(filter, newest),
    decision: request.decision,
    ...(request.ifMoved !== undefined && { if_moved: request.ifMoved }),
    actor: request.actor,
    ...(request.note !== undefined && { note: request.note }),
    expected_count: expectedCount,
    state: 'listing',
    seq: 1,
    pages: 0,
    listed: 0,
    at: { page: 0, index: 0 },
    counts: NOTHING_RESOLVED,
    failures: [],
    created_at: now,
    updated_at: now,
  };
  await ports.resolutions.create(resolution);
  await ports.queue.send(resolution.resolution_id).catch(() => undefined); // the sweeper sends it
  return resolution;
}
