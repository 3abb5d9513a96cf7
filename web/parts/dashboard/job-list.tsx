import type { ComponentChildren } from 'preact';
import type { JobPage, JobSummary } from '../../../lib/model/answers.ts';
import type { Query } from '../../address.ts';
import { type JobFilters, jobQueryIn, jobsQuery } from '../../dashboard/job-query.ts';
import type { LiveState } from '../../live.ts';
import { useLive, useUi } from '../../ui.ts';
import { PageStates } from '../page-states.tsx';
import { JobFilterForm } from './filters.tsx';
import { JobTable, type JobTableProps } from './job-table.tsx';

const EVERY_MS = 2000;
const PAGE_SIZE = 25;

interface ListOfJobs<Job extends JobSummary> {
  readonly filters: JobFilters;
  /** Where in the list the page begins; undefined: with the newest job. */
  readonly here: string | undefined;
  readonly state: LiveState<JobPage<Job>>;
}

/** The page of a list of jobs that the address asks for, followed. `api`: the list. */
export function useJobList<Job extends JobSummary>(api: string): ListOfJobs<Job> {
  const { address } = useUi();
  const { filters, next } = jobQueryIn(address.url.value.searchParams);
  const live = useLive<JobPage<Job>>(`${api}?${jobsQuery(filters, PAGE_SIZE, next)}`, { everyMs: EVERY_MS });
  return { filters, here: next, state: live.state.value };
}

interface JobListProps<Job extends JobSummary> extends Omit<JobTableProps<Job>, 'jobs'> {
  readonly list: ListOfJobs<Job>;
  /** The address of the list with other filters. */
  readonly listHref: (query: Query) => string;
  /** What is said where there is no job at all. */
  readonly none: ComponentChildren;
}

/** Filters, jobs and pages of a list. */
export function JobList<Job extends JobSummary>({ list, listHref, none, ...table }: JobListProps<Job>) {
  const { address } = useUi();
  const { filters, here, state } = list;
  const { body } = state;
  return (
    <>
      <JobFilterForm filters={filters} onFilter={(to) => address.go(listHref({ ...to }))} />
      <PageStates state={state} what="the jobs" />
      {body &&
        (body.jobs.length > 0 ? (
          <JobTable jobs={body.jobs} {...table} />
        ) : Object.keys(filters).length > 0 || here !== undefined || body.next_token !== undefined ? (
          <div class="empty">
            <p>
              No job here is like this{body.next_token === undefined ? '' : ' so far; older ones may be'}.{' '}
              <a href={listHref({})}>Show all jobs</a>
            </p>
          </div>
        ) : (
          <div class="empty">{none}</div>
        ))}
      {(here !== undefined || body?.next_token !== undefined) && (
        <nav class="pager" aria-label="Pages of the list">
          {here !== undefined && <a href={listHref({ ...filters })}>Newest jobs</a>}
          {body?.next_token !== undefined && (
            <a href={listHref({ ...filters, next_token: body.next_token })}>Older jobs</a>
          )}
        </nav>
      )}
    </>
  );
}
