import { ERRORS, type ErrorCode } from '../model/errors.ts';
import type { Counts, Job, JobState } from '../model/job.ts';
import type { Notice } from '../model/notice.ts';
import {
  type ConflictTally,
  type LagThresholds,
  MOST_LISTED,
  type Notification,
  type NotificationType,
} from '../model/notification.ts';

/** What was found out about a job for its notification. */
export interface Known {
  readonly counts: Counts;
  readonly conflicts: ConflictTally;
  readonly lag: LagThresholds;
}

/** The same for the same thing, whoever tells it and how often; without a full stop, which would end it in a signature. */
export const notificationId = (jobId: string, epoch: number, type: NotificationType): string =>
  `${type.replace('.', '_')}-${jobId}-e${epoch}`;

/** What a notice comes to, in the order in which it is told; nothing, where no threshold is passed. Pure. */
export function notificationsOf(job: Job, notice: Notice, known: Known): readonly Notification[] {
  switch (notice.what) {
    case 'ended':
      return [ended(job, notice, known), ...newConflicts(job, notice, known)];
    case 'paused':
      return [
        {
          ...head(job, notice, 'job.paused'),
          data: { ...reason(notice.code), ...(notice.probe_at !== undefined && { probe_at: notice.probe_at }) },
        },
      ];
    case 'resumed':
      return [{ ...head(job, notice, 'job.resumed'), data: {} }];
    case 'lagging':
      return lagging(job, notice, known);
  }
}

function head<T extends NotificationType>(job: Job, notice: Notice, type: T) {
  const { job_id, mode, source, target, heartbeat_at } = job;
  const { epoch } = notice;
  const at = notice.at === '' ? heartbeat_at : notice.at; // a bus refuses an event without a time, again and again
  return {
    id: notificationId(job_id, epoch, type),
    version: 1,
    type,
    time: at,
    job: { id: job_id, mode, epoch, source: source.database, target: target.database },
  } as const;
}

/** Fixed words of the catalogue: a message may name what no receiver has to know. */
function reason(code: string | undefined) {
  const known = (code !== undefined && Object.hasOwn(ERRORS, code) ? code : 'internal') as ErrorCode; // a key of it
  const { meaning, remedy } = ERRORS[known];
  return { code: known, meaning, remedy };
}

const END_STATES = ['completed', 'completed_with_issues', 'failed', 'stopped'] as const;
const endState = (state: JobState | undefined) => END_STATES.find((known) => known === state) ?? 'failed';

/** Only the numbers that the shape names: a progress may carry more. */
function shown({ counts }: Known): Counts {
  const { read, inserted, updated, deleted, unchanged, kept, conflicts, quarantined, skipped } = counts;
  const { source_inserted, source_updated, source_deleted } = counts;
  return {
    ...{ read, inserted, updated, deleted, unchanged, kept, conflicts, quarantined, skipped },
    ...(source_inserted !== undefined && { source_inserted }),
    ...(source_updated !== undefined && { source_updated }),
    ...(source_deleted !== undefined && { source_deleted }),
  };
}

function ended(job: Job, notice: Notice, known: Known): Notification {
  const state = endState(notice.state);
  return {
    ...head(job, notice, 'job.ended'),
    data: {
      state,
      dry_run: job.config.dry_run,
      counts: shown(known),
      open_conflicts: openIn(known.conflicts),
      quarantined: known.counts.quarantined,
      ...(state === 'failed' && { failure: reason(notice.code) }),
    },
  };
}

const openIn = ({ by_table }: ConflictTally) => by_table.reduce((sum, { open }) => sum + open, 0);

function newConflicts(job: Job, notice: Notice, { conflicts }: Known): readonly Notification[] {
  const open = openIn(conflicts);
  if (open === 0) return [];
  const by_table = conflicts.by_table
    .toSorted((a, b) => b.open - a.open || order(a.table, b.table) || order(a.type, b.type))
    .slice(0, MOST_LISTED);
  const more = conflicts.more || by_table.length < conflicts.by_table.length;
  return [{ ...head(job, notice, 'conflicts.new'), data: { open, by_table, more } }];
}

const order = (a: string, b: string) => (a < b ? -1 : Number(a > b));

function lagging(job: Job, notice: Notice, { lag }: Known): readonly Notification[] {
  const { lag_bytes = 0, lag_seconds = 0 } = notice;
  const passed = (value: number, threshold: number) => threshold > 0 && value > threshold;
  if (!passed(lag_bytes, lag.bytes) && !passed(lag_seconds, lag.seconds)) return [];
  return [{ ...head(job, notice, 'changes.lag'), data: { lag_bytes, lag_seconds } }];
}
