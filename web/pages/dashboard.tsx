import { useEffect } from 'preact/hooks';
import { dashboardPath, startPath } from '../address.ts';
import { IfMay } from '../parts/action.tsx';
import { JobCounters } from '../parts/dashboard/counters.tsx';
import { HealthStrip } from '../parts/dashboard/health.tsx';
import { JobList, useJobList } from '../parts/dashboard/job-list.tsx';
import { Schedules } from '../parts/dashboard/schedules.tsx';
import { Freshness } from '../parts/freshness.tsx';

/** Health of the service, the jobs, newest first, and what is scheduled; filters and page are in the address. */
export function DashboardPage() {
  useEffect(() => {
    document.title = 'Jobs · TerraFusion Sync';
  }, []);
  return (
    <>
      <HealthStrip />
      <Jobs />
      <Schedules />
    </>
  );
}

function Jobs() {
  const list = useJobList('/api/sync/jobs');
  return (
    <section aria-labelledby="jobs-title">
      <div class="heading">
        <h1 id="jobs-title">Jobs</h1>
        <Freshness state={list.state} />
        <div class="actions">
          <IfMay to="full">
            <a href={startPath()} class="start-link">
              Start a job
            </a>
          </IfMay>
        </div>
      </div>
      <JobCounters status={list.filters.status} />
      <JobList list={list} listHref={dashboardPath} none={<NoJobs />} />
    </section>
  );
}

function NoJobs() {
  return (
    <>
      <p>There is no job yet.</p>
      <IfMay to="full">
        <p>
          <a href={startPath()}>Start one</a>, or from a terminal:
        </p>
        <pre>
          <code>npm run tfsync -- start full --source postgresql://… --target postgresql://…</code>
        </pre>
      </IfMay>
    </>
  );
}
