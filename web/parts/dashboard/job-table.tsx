import type { JobStatus, JobSummary } from '../../../lib/model/answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { ENDED_STATES } from '../../../lib/model/job.ts';
import { jobShare } from '../../../lib/model/progress.ts';
import { writtenText } from '../../../lib/model/written.ts';
import { jobPath, withQuery } from '../../address.ts';
import { conflictsPath } from '../../conflict-address.ts';
import { issuesOf, speedOf } from '../../dashboard/issues.ts';
import { useLive } from '../../ui.ts';
import { percent } from '../../words.ts';
import { JobStateChip } from '../state.tsx';
import { Took } from '../took.tsx';
import { When } from '../when.tsx';

/** Jobs at work whose progress is followed in the list; further ones show theirs on their own page. */
const MOST_FOLLOWED = 8;
const PROGRESS_EVERY_MS = 5000;

const atWork = ({ state }: JobSummary) => !ENDED_STATES.includes(state) && state !== 'paused';

export interface JobTableProps<Job extends JobSummary> {
  readonly jobs: readonly Job[];
  /** The page of a job. */
  readonly jobHref?: (jobId: string) => string;
  /** What stands under the mode. */
  readonly aboutOf?: (job: Job) => string;
}

/** Jobs in their order, those at work with their progress. */
export function JobTable<Job extends JobSummary>({ jobs, jobHref = jobPath, aboutOf }: JobTableProps<Job>) {
  const followed = jobs.filter(atWork).slice(0, MOST_FOLLOWED);
  return (
    <div class="scroll">
      <table class="cards jobs">
        <caption class="only-read">Jobs, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col">Source and target</th>
            <th scope="col">Created</th>
            <th scope="col">Took</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.job_id}>
              <th scope="row" class="short">
                <a href={jobHref(job.job_id)} title={job.job_id}>
                  {job.job_id.slice(0, 8)}
                </a>
                <span class="fine mode">
                  {' '}
                  {job.mode}
                  {job.dry_run && ', dry run'}
                </span>
                {aboutOf && <span class="fine about-job">{aboutOf(job)}</span>}
              </th>
              <td>
                <JobStateChip state={job.state} />
                {followed.includes(job) && <Progress jobId={job.job_id} />}
                <Written job={job} />
                <Issues job={job} jobHref={jobHref} />
                {job.failure && <span class="fine reason">{job.failure.message}</span>}
                {job.state === 'paused' && job.pause && <span class="fine reason">{job.pause.message}</span>}
              </td>
              <td>
                <span class="side">
                  <Place {...job.source} />{' '}
                </span>
                <span class="side">
                  → <Place {...job.target} />
                </span>
              </td>
              <td class="short" data-label="Created">
                <When at={job.created_at} />
              </td>
              <td class="short" data-label="Took">
                <Took job={job} />
              </td>
              <td data-label="By">{job.actor ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What came of it, in rows. */
function Written({ job }: { readonly job: JobSummary }) {
  const text = writtenText(job);
  if (text === undefined) return null;
  return (
    <span class="fine reason">
      {text} · {number(job.counts?.read ?? 0)} compared
    </span>
  );
}

/** What it left for people when it ended, and the way there. */
function Issues({ job, jobHref }: { readonly job: JobSummary; readonly jobHref: (jobId: string) => string }) {
  const issues = issuesOf(job);
  if (issues.length === 0) return null;
  const ways = {
    conflicts: conflictsPath(job.job_id, { status: 'open' }),
    rows: withQuery(jobHref(job.job_id), { tab: 'quarantine' }),
  };
  return (
    <span class="fine reason" title="When the job ended">
      left{' '}
      {issues.map(({ about, text }, at) => (
        <>
          {at > 0 && ' · '}
          <a href={ways[about]}>{text}</a>
        </>
      ))}
    </span>
  );
}

/** How far a job is that is at work. */
function Progress({ jobId }: { readonly jobId: string }) {
  const { body: job } = useLive<JobStatus>(`/api/sync/status/${encodeURIComponent(jobId)}`, {
    everyMs: PROGRESS_EVERY_MS,
    isLast: ({ state }) => ENDED_STATES.includes(state),
  }).state.value;
  if (!job || job.following || job.tables.length === 0) return null;
  const share = jobShare(job);
  return (
    <span class="share">
      <progress value={share} max={1} aria-label={`Progress of ${jobId.slice(0, 8)}`} />
      <span>{percent(share)}</span>
      <span class="fine speed">{speedOf(job)}</span>
    </span>
  );
}

function Place({ host, port, database, environments }: JobSummary['source']) {
  return (
    <span class="place" title={`${host}:${port}`}>
      {environments?.[0] === undefined ? database : `${environments[0]} · ${database}`}{' '}
      <span class="fine">
        {host}:{port}
      </span>
    </span>
  );
}
