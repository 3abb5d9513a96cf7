import { useEffect } from 'preact/hooks';
import type { JobStatus } from '../../lib/model/answers.ts';
import { duration, number } from '../../lib/model/figures.ts';
import { followingText } from '../../lib/model/following.ts';
import { ENDED_STATES } from '../../lib/model/job.ts';
import { jobShare } from '../../lib/model/progress.ts';
import { BASE } from '../address.ts';
import type { LiveState } from '../live.ts';
import type { PageParams } from '../page-params.ts';
import { CountList } from '../parts/counts.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { JobActions } from '../parts/job-actions.tsx';
import { FailureNote, ProblemNote } from '../parts/problem.tsx';
import { JobStateChip } from '../parts/state.tsx';
import { TableList } from '../parts/table-list.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import { JOB_WORDS, percent } from '../words.ts';

const EVERY_MS = 2000;

/** Everything the status of a job says, followed until the job has ended. */
export function JobPage({ params }: { readonly params: PageParams }) {
  const jobId = params.job_id ?? '';
  const live = useLive<JobStatus>(`/api/sync/status/${encodeURIComponent(jobId)}`, {
    everyMs: EVERY_MS,
    isLast: ({ state }) => ENDED_STATES.includes(state),
  });
  const { body: job, problem } = live.state.value;
  const title = job ? titleOf(job) : 'Job';
  useEffect(() => {
    document.title = `${title} · TerraFusion Sync`;
  }, [title]);

  return (
    <>
      <nav aria-label="Way back" class="back">
        <a href={BASE}>← All jobs</a>
      </nav>
      {!job && (
        <div class="heading">
          <h1>Job</h1>
        </div>
      )}
      {problem && <ProblemNote problem={problem} />}
      {!job && !problem && (
        <p class="empty" aria-busy="true">
          Reading the job…
        </p>
      )}
      {job && <JobView job={job} state={live.state.value} refresh={live.refresh} />}
    </>
  );
}

/** Nobody works on it now. */
const isIdle = ({ state }: JobStatus) => ENDED_STATES.includes(state) || state === 'paused';

function titleOf(job: JobStatus): string {
  const progress = job.state === 'running' && !job.following ? ` ${percent(jobShare(job))}` : '';
  return `${JOB_WORDS[job.state].text}${progress} · job ${job.job_id.slice(0, 8)}`;
}

interface JobViewProps {
  readonly job: JobStatus;
  readonly state: LiveState<JobStatus>;
  readonly refresh: () => void;
}

function JobView({ job, state, refresh }: JobViewProps) {
  return (
    <>
      <div class="heading">
        <h1>
          Job <code title={job.job_id}>{job.job_id.slice(0, 8)}</code>
        </h1>
        <JobStateChip state={job.state} />
        {job.following && !isIdle(job) && <span class="chip good">following</span>}
        {job.config.dry_run && <span class="chip waiting">dry run: writes nothing</span>}
        <Freshness state={state} />
        <JobActions job={job} onDone={refresh} />
      </div>
      <p class="only-read" role="status">
        The job is {JOB_WORDS[job.state].text}.
      </p>
      {job.failure && <FailureNote title="Failed" failure={job.failure} tone="bad" />}
      {job.pause && <PauseNote job={job} pause={job.pause} />}
      {job.following ? (
        <p class="following">{followingText(job.following, ENDED_STATES.includes(job.state))}</p>
      ) : (
        <Progress job={job} />
      )}
      <Facts job={job} changedAtMs={state.changedAtMs ?? Date.now()} />
      <h2>Rows</h2>
      <CountList counts={job.counts} />
      <Healing job={job} />
      <TableList tables={job.tables} idle={isIdle(job)} said={job.failure?.message} />
      <details class="config">
        <summary>Configuration</summary>
        <pre>
          <code>{JSON.stringify(job.config, null, 2)}</code>
        </pre>
      </details>
    </>
  );
}

function PauseNote({ job, pause }: { readonly job: JobStatus; readonly pause: NonNullable<JobStatus['pause']> }) {
  return (
    <FailureNote title={job.state === 'stopping' ? 'Stopping' : 'Paused'} failure={pause} tone="warning">
      {(pause.since !== undefined || pause.probe_at !== undefined) && (
        <p class="fine">
          {pause.since !== undefined && (
            <>
              since <When at={pause.since} />
            </>
          )}
          {pause.probe_at !== undefined &&
            `; looks again by itself at ${new Date(pause.probe_at).toLocaleTimeString()}`}
        </p>
      )}
    </FailureNote>
  );
}

function Progress({ job }: { readonly job: JobStatus }) {
  if (job.tables.length === 0) return null;
  const share = jobShare(job);
  const parts = [
    job.counts.read < job.rows_estimate
      ? `${number(job.counts.read)} of about ${number(job.rows_estimate)} rows compared`
      : `${number(job.counts.read)} rows compared`,
    ...(job.rows_per_second === undefined ? [] : [`${number(job.rows_per_second)} rows/s`]),
    ...(job.eta_seconds === undefined ? [] : [`about ${duration(job.eta_seconds)} left`]),
  ];
  return (
    <div class="progress">
      <progress value={share} max={1} aria-label="Rows compared" />
      <p>
        <strong>{percent(share)}</strong> {parts.join(' · ')}
      </p>
    </div>
  );
}

function Facts({ job, changedAtMs }: { readonly job: JobStatus; readonly changedAtMs: number }) {
  const { nowMs } = useUi();
  // Time goes on between two answers, and answers stay the same while nothing else changes.
  const seconds = job.seconds + (isIdle(job) ? 0 : Math.max(0, Math.round((nowMs.value - changedAtMs) / 1000)));
  return (
    <dl class="facts">
      <Database name="Source" {...job.source} />
      <Database name="Target" {...job.target} />
      <div>
        <dt>Mode</dt>
        <dd>
          {job.mode}, {job.config.detection_strategy}, {job.config.conflict_strategy}
        </dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>
          <When at={job.created_at} />
        </dd>
      </div>
      {job.started_at !== undefined && (
        <div>
          <dt>Started</dt>
          <dd>
            <When at={job.started_at} />
          </dd>
        </div>
      )}
      {job.ended_at !== undefined && (
        <div>
          <dt>Ended</dt>
          <dd>
            <When at={job.ended_at} />
          </dd>
        </div>
      )}
      <div>
        <dt>{job.ended_at === undefined ? 'So far' : 'Took'}</dt>
        <dd>{duration(seconds)}</dd>
      </div>
      <div>
        <dt>Epoch</dt>
        <dd title="Raised by each start, resume, stop and takeover">{job.epoch}</dd>
      </div>
    </dl>
  );
}

function Database({ name, ...d }: JobStatus['source'] & { readonly name: string }) {
  return (
    <div class="wide">
      <dt>{name}</dt>
      <dd>
        {d.database}
        <span class="fine">
          {' '}
          {d.user}@{d.host}:{d.port}, PostgreSQL {d.version}
        </span>
      </dd>
    </div>
  );
}

/** What the service did by itself to keep the job going; nothing where there was no need. */
function Healing({ job }: { readonly job: JobStatus }) {
  if (!job.healing || job.healing.length === 0) return null;
  return (
    <>
      <h2>Healed by itself</h2>
      <ol class="healing">
        {job.healing.map((event) => (
          <li>
            <When at={event.at} /> <code>{event.type}</code> {event.message}
          </li>
        ))}
      </ol>
    </>
  );
}
