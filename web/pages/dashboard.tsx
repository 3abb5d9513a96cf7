import { useEffect } from 'preact/hooks';
import type { Health, JobPage, JobSummary } from '../../lib/model/answers.ts';
import { duration } from '../../lib/model/figures.ts';
import { ENDED_STATES, JOB_STATES } from '../../lib/model/job.ts';
import { dashboardPath, jobPath } from '../address.ts';
import { Freshness } from '../parts/freshness.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Chip, JobStateChip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import { JOB_WORDS } from '../words.ts';

const JOBS_EVERY_MS = 2000;
/** Each look asks every dependency of the service. */
const HEALTH_EVERY_MS = 15_000;
const PAGE_SIZE = 25;

/** Health of the service, and the jobs, newest first; filter and page are in the address. */
export function DashboardPage() {
  useEffect(() => {
    document.title = 'Jobs · TerraFusion Sync';
  }, []);
  return (
    <>
      <HealthStrip />
      <JobList />
    </>
  );
}

function HealthStrip() {
  const { body, problem } = useLive<Health>('/api/sync/health', { everyMs: HEALTH_EVERY_MS, alsoData: [503] }).state
    .value;
  if (!body) {
    return (
      <section class="health" aria-label="Health of the service" aria-busy={!problem}>
        {problem ? <Chip tone="bad" text={problem.detail} /> : <span class="fine">Asking how the service is…</span>}
      </section>
    );
  }
  const up = body.dependencies.filter((d) => d.status === 'up');
  const slowest = Math.max(0, ...up.map((d) => d.latency_ms));
  const well = body.status === 'ok';
  return (
    <section class="health" aria-label="Health of the service">
      <details open={!well}>
        <summary>
          {problem ? (
            <Chip tone="bad" text={problem.detail} />
          ) : (
            <Chip tone={well ? 'good' : 'bad'} text={well ? 'All is well' : 'Degraded'} />
          )}
          <span class="fine">
            {up.length} of {body.dependencies.length} parts answer, the slowest in {slowest} ms
          </span>
          <span class="fine version">Version {body.version}</span>
        </summary>
        <ul>
          {body.dependencies.map((d) => (
            <li key={d.name}>
              <Chip tone={d.status === 'up' ? 'good' : 'bad'} text={d.name.replaceAll('_', ' ')} />
              <span class="fine">{d.status === 'up' ? `${d.latency_ms} ms` : (d.error ?? 'no reason given')}</span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function JobList() {
  const { address } = useUi();
  const query = address.url.value.searchParams;
  const status = query.get('status') ?? undefined;
  const next = query.get('next_token') ?? undefined;
  const asked = new URLSearchParams({
    limit: String(PAGE_SIZE),
    ...(status && { status }),
    ...(next && { next_token: next }),
  });
  const live = useLive<JobPage>(`/api/sync/jobs?${asked}`, { everyMs: JOBS_EVERY_MS });
  const { body, problem } = live.state.value;
  const filter = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement; // it is the select's own handler
    address.go(dashboardPath({ status: value === '' ? undefined : value }));
  };

  return (
    <section aria-labelledby="jobs-title">
      <div class="heading">
        <h1 id="jobs-title">Jobs</h1>
        <Freshness state={live.state.value} />
        <label class="filter">
          <span>State</span>
          <select value={status ?? ''} onChange={filter}>
            <option value="">all</option>
            {JOB_STATES.map((state) => (
              <option key={state} value={state}>
                {JOB_WORDS[state].text}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {!body && !problem && <Loading />}
      {body &&
        (body.jobs.length > 0 ? (
          <JobTable jobs={body.jobs} />
        ) : (
          <NoJobs filtered={status !== undefined || next !== undefined} />
        ))}
      {(next !== undefined || body?.next_token !== undefined) && (
        <nav class="pager" aria-label="Pages of the list">
          {next !== undefined && <a href={dashboardPath({ status })}>Newest jobs</a>}
          {body?.next_token !== undefined && (
            <a href={dashboardPath({ status, next_token: body.next_token })}>Older jobs</a>
          )}
        </nav>
      )}
    </section>
  );
}

function Loading() {
  return (
    <p class="empty" aria-busy="true">
      Reading the jobs…
    </p>
  );
}

function NoJobs({ filtered }: { readonly filtered: boolean }) {
  if (filtered) {
    return (
      <div class="empty">
        <p>
          No job here is in this state. <a href={dashboardPath()}>Show all jobs</a>
        </p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>There is no job yet. Start one from a terminal:</p>
      <pre>
        <code>npm run tfsync -- start full --source postgresql://… --target postgresql://…</code>
      </pre>
    </div>
  );
}

function JobTable({ jobs }: { readonly jobs: readonly JobSummary[] }) {
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
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.job_id}>
              <th scope="row" class="short">
                <a href={jobPath(job.job_id)} title={job.job_id}>
                  {job.job_id.slice(0, 8)}
                </a>
                <span class="fine mode"> {job.mode}</span>
              </th>
              <td>
                <JobStateChip state={job.state} />
                {job.failure && <span class="fine reason">{job.failure.message}</span>}
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
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Place({ host, port, database }: JobSummary['source']) {
  return (
    <span class="place" title={`${host}:${port}`}>
      {database}{' '}
      <span class="fine">
        {host}:{port}
      </span>
    </span>
  );
}

function Took({ job }: { readonly job: JobSummary }) {
  const { nowMs } = useUi();
  const from = Date.parse(job.started_at ?? job.created_at);
  if (job.ended_at !== undefined) return <>{duration(Math.max(0, Date.parse(job.ended_at) - from) / 1000)}</>;
  if (ENDED_STATES.includes(job.state) || job.state === 'paused') return <>–</>;
  return <>{duration(Math.max(0, Math.round((nowMs.value - from) / 1000)))}</>;
}
