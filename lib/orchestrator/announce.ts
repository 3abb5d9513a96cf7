import { SyncError } from '../model/errors.ts';
import { isContinuous } from '../model/following.ts';
import { addCounts, type Counts, type Job, NO_COUNTS } from '../model/job.ts';
import type { Untold } from '../model/notice.ts';
import type { ConflictTally, LagThresholds, Notification } from '../model/notification.ts';
import { countsOfTable } from '../model/table-counts.ts';
import { notificationFigures } from '../notifications/figures.ts';
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

const HOUR_MS = 3_600_000;

/** What a lag is told once for: a run; of a job that goes on until it is stopped, whose rounds are runs, an hour. */
const lagOnceFor = ({ config }: Job, { epoch, at }: { readonly epoch: number; readonly at: string }): number =>
  isContinuous(config) ? Math.floor(Date.parse(at) / HOUR_MS) : epoch;

const isLag = (one: Notification) => one.type === 'changes.lag';

/** Only an end is told with numbers: they cost a look at every segment of the job. */
async function notificationsFor(untold: Untold, ports: AnnouncePorts): Promise<readonly Notification[]> {
  const { job, lag_told } = untold;
  const notices = untold.notices.filter((n) => n.what !== 'lagging' || lagOnceFor(job, n) !== lag_told);
  const ends = notices.some(({ what }) => what === 'ended');
  const counts = ends ? await countsOf(job.job_id, ports.jobs) : NO_COUNTS;
  const conflicts = ends ? await ports.notices.conflicts(job.job_id) : NO_CONFLICTS;
  const told = notices.flatMap((notice) => notificationsOf(job, notice, { counts, conflicts, lag: ports.lag }));
  const once = told.map((one) => (isLag(one) ? `lag ${toldFor(job, one)}` : one.id));
  return told.filter((_, i) => once.indexOf(once[i] ?? '') === i); // a step that was repeated notes its end twice
}

const toldFor = (job: Job, lag: Notification) =>
  'job' in lag ? lagOnceFor(job, { epoch: lag.job.epoch, at: lag.time }) : 0;

async function announceJob(jobId: string, ports: AnnouncePorts): Promise<number> {
  const untold = await ports.notices.untold(jobId);
  if (!untold) return 0;
  const notifications = await notificationsFor(untold, ports);
  await ports.bus.publish(notifications);
  const lag = notifications.findLast(isLag);
  const first = await ports.notices.told(untold, lag && toldFor(untold.job, lag));
  const types = notifications.map(({ type }) => type);
  // two may have published the same, which receivers know by its id; metrics know nothing, so one of the two counts it
  const figures = first ? notificationFigures(notifications) : undefined;
  ports.log.info('notifications published', { job_id: jobId, types }, figures);
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
