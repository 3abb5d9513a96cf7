import { SyncError } from '../model/errors.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/job.ts';
import type { Untold } from '../model/notice.ts';
import type { ConflictTally, LagThresholds, Notification } from '../model/notification.ts';
import { countsOfTable } from '../model/table-counts.ts';
import { notificationsOf } from '../notifications/tell.ts';
import type { EventBus, JobStore, Log, NoticeStore } from '../ports.ts';

export interface AnnouncePorts {
  readonly notices: NoticeStore;
  readonly jobs: Pick<JobStore, 'progress' | 'tables'>;
  readonly bus: EventBus;
  readonly lag: LagThresholds;
  readonly log: Log;
}

async function countsOf(jobId: string, jobs: AnnouncePorts['jobs']): Promise<Counts> {
  const [tables, progress] = await Promise.all([jobs.tables(jobId), jobs.progress(jobId)]);
  return tables
    .map((table) =>
      countsOfTable(
        table,
        progress.filter((p) => p.table === table.table),
      ),
    )
    .reduce(addCounts, NO_COUNTS);
}

const NO_CONFLICTS: ConflictTally = { by_table: [], more: false };

/** Only an end is told with numbers: they cost a look at every segment of the job. */
async function notificationsFor(untold: Untold, ports: AnnouncePorts): Promise<readonly Notification[]> {
  const { job, lag_told } = untold;
  const notices = untold.notices.filter(({ what, epoch }) => what !== 'lagging' || epoch !== lag_told);
  const ends = notices.some(({ what }) => what === 'ended');
  const counts = ends ? await countsOf(job.job_id, ports.jobs) : NO_COUNTS;
  const conflicts = ends ? await ports.notices.conflicts(job.job_id) : NO_CONFLICTS;
  const told = notices.flatMap((notice) => notificationsOf(job, notice, { counts, conflicts, lag: ports.lag }));
  return [...new Map(told.map((one) => [one.id, one])).values()]; // a step that was repeated notes its end twice
}

async function announceJob(jobId: string, ports: AnnouncePorts): Promise<number> {
  const untold = await ports.notices.untold(jobId);
  if (!untold) return 0;
  const notifications = await notificationsFor(untold, ports);
  await ports.bus.publish(notifications);
  const lag = notifications.find((one) => one.type === 'changes.lag');
  await ports.notices.told(untold, lag?.job.epoch);
  return notifications.length;
}

/**
 * Publishes what jobs have to tell, each job's in its order, and only then forgets it: whoever dies in between publishes it
 * again, under the same id. Trouble with one job does not keep it from the others. Answers how many were published.
 */
export async function announce(ports: AnnouncePorts): Promise<number> {
  let published = 0;
  for (const jobId of await ports.notices.due()) {
    try {
      published += await announceJob(jobId, ports);
    } catch (error) {
      const code = error instanceof SyncError ? error.code : 'internal';
      ports.log.error('notifications not published', { job_id: jobId, code });
    }
  }
  return published;
}
