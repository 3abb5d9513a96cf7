import type { JobStatus } from '../../../lib/model/answers.ts';
import { duration, number } from '../../../lib/model/figures.ts';
import { followingText } from '../../../lib/model/following.ts';
import { ENDED_STATES } from '../../../lib/model/job.ts';
import { jobShare } from '../../../lib/model/progress.ts';
import type { Sample } from '../../job/rates.ts';
import { useUi } from '../../ui.ts';
import { percent, timeOfDay } from '../../words.ts';
import { CountList } from '../counts.tsx';
import { FailureNote } from '../problem.tsx';
import { TableList } from '../table-list.tsx';
import { When } from '../when.tsx';
import { ConflictLink } from './conflict-link.tsx';
import { Healing } from './healing.tsx';
import { ActionReasons } from './reasons.tsx';
import { Throughput } from './throughput.tsx';
import { Usage } from './usage.tsx';

/** Nobody works on it now. */
export const isIdle = ({ state }: JobStatus): boolean => ENDED_STATES.includes(state) || state === 'paused';

/** Tables that the overview lists; a job of more has them on a tab of their own. */
const MOST_TABLES = 50;

interface OverviewProps {
  readonly job: JobStatus;
  readonly changedAtMs: number;
  readonly samples: readonly Sample[];
}

/** Where the job stands. */
export function Overview({ job, changedAtMs, samples }: OverviewProps) {
  return (
    <>
      {job.failure && <FailureNote title="Failed" failure={job.failure} tone="bad" />}
      {job.pause && <PauseNote job={job} pause={job.pause} />}
      {job.following ? (
        <p class="following">{followingText(job.following, ENDED_STATES.includes(job.state))}</p>
      ) : (
        <Progress job={job} />
      )}
      <Throughput samples={samples} />
      <Facts job={job} changedAtMs={changedAtMs} />
      <ActionReasons job={job} />
      <h2>Rows</h2>
      <CountList counts={job.counts} />
      {job.counts.conflicts > 0 && <ConflictLink job={job} />}
      <Healing job={job} />
      <Usage job={job} />
      {job.tables.length <= MOST_TABLES ? (
        <TableList tables={job.tables} idle={isIdle(job)} said={job.failure?.message} />
      ) : (
        <p>
          <a href="?tab=tables">{number(job.tables.length)} tables</a>
        </p>
      )}
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
          {pause.probe_at !== undefined && `; looks again by itself at ${timeOfDay(Date.parse(pause.probe_at))}`}
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
