import { useEffect } from 'preact/hooks';
import type { JobPage } from '../../lib/model/answers.ts';
import { dashboardPath, startPath } from '../address.ts';
import { type JobFilters, jobQueryIn, jobsQuery } from '../dashboard/job-query.ts';
import { IfMay } from '../parts/action.tsx';
import { JobCounters } from '../parts/dashboard/counters.tsx';
import { JobFilterForm } from '../parts/dashboard/filters.tsx';
import { HealthStrip } from '../parts/dashboard/health.tsx';
import { JobTable } from '../parts/dashboard/job-table.tsx';
import { Schedules } from '../parts/dashboard/schedules.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useLive, useUi } from '../ui.ts';

const JOBS_EVERY_MS = 2000;
const PAGE_SIZE = 25;

/** Health of the service, the jobs, newest first, and what is scheduled; filters and page are in the address. */
export function DashboardPage() {
  useEffect(() => {
    document.title = 'Jobs · TerraFusion Sync';
  }, []);
  return (
    <>
      <HealthStrip />
      <JobList />
      <Schedules />
    </>
  );
}

function JobList() {
  const { address } = useUi();
  const { filters, next } = jobQueryIn(address.url.value.searchParams);
  const live = useLive<JobPage>(`/api/sync/jobs?${jobsQuery(filters, PAGE_SIZE, next)}`, { everyMs: JOBS_EVERY_MS });
  const { body, problem } = live.state.value;
  const filtered = Object.keys(filters).length > 0;
  return (
    <section aria-labelledby="jobs-title">
      <div class="heading">
        <h1 id="jobs-title">Jobs</h1>
        <Freshness state={live.state.value} />
        <div class="actions">
          <IfMay to="full">
            <a href={startPath()} class="start-link">
              Start a job
            </a>
          </IfMay>
        </div>
      </div>
      <JobCounters status={filters.status} />
      <JobFilterForm key={JSON.stringify(filters)} filters={filters} onFilter={(to) => address.go(dashboardPath(to))} />
      {problem && <ProblemNote problem={problem} />}
      {!body && !problem && (
        <p class="empty" aria-busy="true">
          Reading the jobs…
        </p>
      )}
      {body &&
        (body.jobs.length > 0 ? (
          <JobTable jobs={body.jobs} />
        ) : (
          <NoJobs filtered={filtered || next !== undefined} more={body.next_token !== undefined} />
        ))}
      <Pager filters={filters} here={next} next={body?.next_token} />
    </section>
  );
}

interface PagerProps {
  readonly filters: JobFilters;
  readonly here: string | undefined;
  readonly next: string | undefined;
}

function Pager({ filters, here, next }: PagerProps) {
  if (here === undefined && next === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages of the list">
      {here !== undefined && <a href={dashboardPath({ ...filters })}>Newest jobs</a>}
      {next !== undefined && <a href={dashboardPath({ ...filters, next_token: next })}>Older jobs</a>}
    </nav>
  );
}

function NoJobs({ filtered, more }: { readonly filtered: boolean; readonly more: boolean }) {
  if (filtered) {
    return (
      <div class="empty">
        <p>
          No job here is like this{more ? ' so far; older ones may be' : ''}.{' '}
          <a href={dashboardPath()}>Show all jobs</a>
        </p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>There is no job yet.</p>
      <IfMay to="full">
        <p>
          <a href={startPath()}>Start one</a>, or from a terminal:
        </p>
        <pre>
          <code>npm run tfsync -- start full --source postgresql://… --target postgresql://…</code>
        </pre>
      </IfMay>
    </div>
  );
}
