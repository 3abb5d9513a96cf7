import type { JobPage, JobStatus, JobSummary } from '../../../lib/model/answers.ts';
import { jobPath } from '../../address.ts';
import { conflictsPath } from '../../conflict-address.ts';
import { useLive } from '../../ui.ts';

const MOST_JOBS = 25;

type Sides = Pick<JobSummary, 'source' | 'target'>;

const samePlace = (a: Sides['source'], b: Sides['source']) =>
  a.host === b.host && a.port === b.port && a.database === b.database;

const later = (job: JobSummary, than: JobSummary) =>
  job.job_id !== than.job_id &&
  job.created_at > than.created_at &&
  samePlace(job.source, than.source) &&
  samePlace(job.target, than.target);

interface LaterProps {
  readonly job: JobStatus;
  /** What there is about the job: its conflicts, or its page. */
  readonly to: 'conflicts' | 'trail';
}

/** The newest job of the same databases after this one, which lists what it has met again; nothing where there is none. */
export function LaterJob({ job, to }: LaterProps) {
  const asked = new URLSearchParams({
    source: job.source.database,
    target: job.target.database,
    from: job.created_at,
    limit: String(MOST_JOBS),
  });
  const { body } = useLive<JobPage>(`/api/sync/jobs?${asked}`, { everyMs: 0, isLast: () => true }).state.value;
  const found = body?.jobs.find((one) => later(one, job));
  if (!found) return null;
  const href = to === 'conflicts' ? conflictsPath(found.job_id) : `${jobPath(found.job_id)}?tab=audit`;
  return (
    <>
      {' '}
      The newest of these databases is{' '}
      <a href={href}>
        <code>{found.job_id.slice(0, 8)}</code>
      </a>
      .
    </>
  );
}
