import { useSignal } from '@preact/signals';
import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import type { JobStatus } from '../../lib/model/answers.ts';
import { ENDED_STATES } from '../../lib/model/job.ts';
import { jobShare } from '../../lib/model/progress.ts';
import { BASE } from '../address.ts';
import { addSample, type Sample } from '../job/rates.ts';
import type { LiveState } from '../live.ts';
import type { PageParams } from '../page-params.ts';
import { Freshness } from '../parts/freshness.tsx';
import { Audit } from '../parts/job/audit.tsx';
import { Configuration } from '../parts/job/configuration.tsx';
import { isIdle, Overview } from '../parts/job/overview.tsx';
import { Quarantine } from '../parts/job/quarantine.tsx';
import { SchemaFindings } from '../parts/job/schema.tsx';
import { Tables } from '../parts/job/tables.tsx';
import { Timeline } from '../parts/job/timeline.tsx';
import { JobActions } from '../parts/job-actions.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { JobStateChip } from '../parts/state.tsx';
import { Tabs, tabIn } from '../parts/tabs.tsx';
import { rowsOf } from '../project/words.ts';
import { projectJobPath } from '../project-address.ts';
import { useLive, useUi } from '../ui.ts';
import { JOB_WORDS, percent } from '../words.ts';

const EVERY_MS = 2000;
/** Of a job that nobody works on, and that somebody else may resume. */
const IDLE_EVERY_MS = 15_000;

const ended = ({ state }: JobStatus): boolean => ENDED_STATES.includes(state);

/** A part of the job that only some pages show. */
interface OwnTab {
  readonly name: string;
  readonly text: string;
  readonly show: ComponentType<{ readonly job: JobStatus }>;
}

interface JobScreenProps {
  /** Where the API has its status. */
  readonly api: string;
  readonly back: { readonly href: string; readonly text: string };
  readonly own?: OwnTab;
  /** Where the job may be that is not here. */
  readonly elsewhere?: ComponentChildren;
}

export function JobPage({ params }: { readonly params: PageParams }) {
  const api = `/api/sync/status/${encodeURIComponent(params.job_id ?? '')}`;
  return <JobScreen api={api} back={{ href: BASE, text: 'All jobs' }} />;
}

/** A job, followed until nothing can be asked of it any more; which part of it is shown is in the address. */
export function JobScreen({ api, back, own, elsewhere }: JobScreenProps) {
  const live = useLive<JobStatus>(api, {
    everyMs: (job) => (ended(job) ? IDLE_EVERY_MS : EVERY_MS),
    isLast: (job) => ended(job) && (job.allowed_actions ?? []).length === 0,
  });
  const { body: job } = live.state.value;
  const title = job ? titleOf(job) : 'Job';
  useEffect(() => {
    document.title = `${title} · TerraFusion Sync`;
  }, [title]);

  return (
    <>
      <Back href={back.href}>{back.text}</Back>
      {!job && (
        <div class="heading">
          <h1>Job</h1>
        </div>
      )}
      <PageStates state={live.state.value} what="the job" />
      {live.state.value.problem?.code === 'job_not_found' && elsewhere}
      {job && <JobView job={job} state={live.state.value} refresh={live.refresh} own={own} />}
    </>
  );
}

function titleOf(job: JobStatus): string {
  const progress = job.state === 'running' && !job.following ? ` ${percent(jobShare(job))}` : '';
  return `${JOB_WORDS[job.state].text}${progress} · job ${job.job_id.slice(0, 8)}`;
}

interface JobViewProps {
  readonly job: JobStatus;
  readonly state: LiveState<JobStatus>;
  readonly refresh: () => void;
  readonly own: OwnTab | undefined;
}

const TABS = [
  { name: 'overview', text: 'Overview' },
  { name: 'tables', text: 'Tables' },
  { name: 'timeline', text: 'Timeline' },
  { name: 'schema', text: 'Schema' },
  { name: 'quarantine', text: 'Rows put aside' },
  { name: 'audit', text: 'Audit' },
  { name: 'config', text: 'Configuration' },
] as const;

function JobView({ job, state, refresh, own }: JobViewProps) {
  const { address } = useUi();
  const tabs = own ? [...TABS.slice(0, 1), own, ...TABS.slice(1)] : TABS;
  const shown = tabIn(address.url.value, tabs);
  const { project } = job.config;
  const samples = useSamples(job, state);
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
      {project && (
        <p class="fine">
          Only a project: <a href={projectJobPath(job.job_id, { tab: 'project' })}>{project.root}</a>, {rowsOf(project)}
        </p>
      )}
      <Tabs label="Parts of the job" tabs={tabs} shown={shown} />
      {own && shown === own.name && <own.show job={job} />}
      {shown === 'overview' && <Overview job={job} changedAtMs={state.changedAtMs ?? Date.now()} samples={samples} />}
      {shown === 'tables' && <Tables job={job} />}
      {shown === 'timeline' && <Timeline job={job} />}
      {shown === 'schema' && <SchemaFindings job={job} />}
      {shown === 'quarantine' && <Quarantine job={job} />}
      {shown === 'audit' && <Audit job={job} />}
      {shown === 'config' && <Configuration job={job} />}
    </>
  );
}

/** How far the job had come at each look, since the page was opened; on whichever tab. */
function useSamples(job: JobStatus, { atMs }: LiveState<JobStatus>): readonly Sample[] {
  const samples = useSignal<readonly Sample[]>([]);
  const { read } = job.counts;
  const idle = isIdle(job);
  useEffect(() => {
    if (atMs !== undefined && !idle) samples.value = addSample(samples.peek(), { atMs, read });
  }, [atMs, read, idle]);
  return samples.value;
}
