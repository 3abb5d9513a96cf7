import { useEffect } from 'preact/hooks';
import type { JobPage, ProjectDashboard, ProjectJob } from '../../lib/model/answers.ts';
import type { ConflictPage } from '../../lib/model/conflict-answers.ts';
import { JOB_STATES } from '../../lib/model/job.ts';
import { conflictPath } from '../conflict-address.ts';
import { ConflictTable } from '../parts/conflict/table.tsx';
import { Counters } from '../parts/dashboard/counters.tsx';
import { JobTable } from '../parts/dashboard/job-table.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { ProjectNav } from '../parts/project/nav.tsx';
import { JobStateChip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { planPath, projectConflictsPath, projectJobPath, projectJobsPath } from '../project-address.ts';
import { useLive } from '../ui.ts';
import '../styles/conflicts.css';

const EVERY_MS = 5000;
/** Of jobs and of conflicts: the others are on pages of their own. */
const SHOWN = 5;

/** What the jobs of projects have come to: counters, root tables, the latest of them, and conflicts that wait. */
export function ProjectsPage() {
  useEffect(() => {
    document.title = 'Projects · TerraFusion Sync';
  }, []);
  const live = useLive<ProjectDashboard>('/api/sync/projects/dashboard', { everyMs: EVERY_MS });
  const { body } = live.state.value;
  return (
    <>
      <div class="heading">
        <h1>Projects</h1>
        <Freshness state={live.state.value} />
        <div class="actions">
          <a href={planPath()} class="start-link">
            Plan a project
          </a>
        </div>
      </div>
      <ProjectNav />
      <PageStates state={live.state.value} what="the projects" />
      {body && body.roots.length === 0 && (
        <div class="empty">
          <p>
            {body.looked_at === 0
              ? 'There is no job yet.'
              : `None of the newest ${body.looked_at} jobs is of a project.`}{' '}
            <a href={planPath()}>Plan a project</a>, or <a href={projectJobsPath()}>look at older ones</a>.
          </p>
        </div>
      )}
      {body && body.roots.length > 0 && (
        <>
          <Counters
            byState={JOB_STATES.flatMap((state) => (body.states[state] ? [[state, body.states[state]] as const] : []))}
            status={undefined}
            hrefOf={(status) => projectJobsPath({ status })}
          >
            of the newest {body.looked_at} jobs, of whatever kind
          </Counters>
          <Roots roots={body.roots} />
          <LatestJobs />
        </>
      )}
      <OpenConflicts />
    </>
  );
}

function Roots({ roots }: Pick<ProjectDashboard, 'roots'>) {
  return (
    <section aria-labelledby="roots-title">
      <h2 id="roots-title">Root tables</h2>
      <div class="scroll">
        <table class="cards">
          <caption class="only-read">Root tables, that of the newest job first</caption>
          <thead>
            <tr>
              <th scope="col">Root table</th>
              <th scope="col" class="figure">
                Jobs
              </th>
              <th scope="col">Last job</th>
              <th scope="col">From and into</th>
            </tr>
          </thead>
          <tbody>
            {roots.map(({ root, jobs, last }) => (
              <tr key={root}>
                <th scope="row">
                  <a href={projectJobsPath({ text: root })}>{root}</a>
                </th>
                <td class="figure" data-label="Jobs">
                  {jobs}
                </td>
                <td>
                  <a href={projectJobPath(last.job_id)}>
                    <JobStateChip state={last.state} />
                  </a>{' '}
                  <When at={last.created_at} />
                </td>
                <td>
                  {last.source.environments?.[0] ?? last.source.database} →{' '}
                  {last.target.environments?.[0] ?? last.target.database}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function LatestJobs() {
  const { state } = useLive<JobPage<ProjectJob>>(`/api/sync/projects/jobs?limit=${SHOWN}`, { everyMs: EVERY_MS });
  const { body } = state.value;
  return (
    <section aria-labelledby="latest-title">
      <div class="heading">
        <h2 id="latest-title">Latest jobs</h2>
        <div class="actions">
          <a href={projectJobsPath()}>All jobs of projects</a>
        </div>
      </div>
      <PageStates state={state.value} what="the jobs" />
      {body && <JobTable jobs={body.jobs} jobHref={projectJobPath} aboutOf={({ root }) => root} />}
    </section>
  );
}

function OpenConflicts() {
  const { state } = useLive<ConflictPage>(`/api/sync/projects/conflicts?limit=${SHOWN}`, { everyMs: EVERY_MS });
  const { body } = state.value;
  return (
    <section aria-labelledby="open-title">
      <div class="heading">
        <h2 id="open-title">Open conflicts</h2>
        <div class="actions">
          <a href={projectConflictsPath()}>All of them</a>
        </div>
      </div>
      <PageStates state={state.value} what="the conflicts" />
      {body && body.conflicts.length > 0 && (
        <ConflictTable
          caption="Open conflicts of projects"
          conflicts={body.conflicts}
          hrefOf={({ seen_by, conflict_id }) => conflictPath(seen_by, conflict_id)}
        />
      )}
      {body && body.conflicts.length === 0 && (
        <p class="fine">
          {body.next_token === undefined
            ? 'No conflict of a project waits for a decision.'
            : 'None by the newest jobs; there may be some by older ones.'}
        </p>
      )}
    </section>
  );
}
