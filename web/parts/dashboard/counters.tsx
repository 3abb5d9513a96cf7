import type { ComponentChildren } from 'preact';
import type { JobPage } from '../../../lib/model/answers.ts';
import type { JobState } from '../../../lib/model/job.ts';
import { dashboardPath } from '../../address.ts';
import { countersOf } from '../../dashboard/counters.ts';
import { useLive, useUi } from '../../ui.ts';
import { JOB_WORDS } from '../../words.ts';
import { Chip } from '../state.tsx';

const EVERY_MS = 10_000;
/** As many as the API lists at once. */
const NEWEST = 100;

/** How many of the newest jobs are in each state; each leads to them. */
export function JobCounters({ status }: { readonly status: string | undefined }) {
  const { nowMs } = useUi();
  const { body } = useLive<JobPage>(`/api/sync/jobs?limit=${NEWEST}`, { everyMs: EVERY_MS }).state.value;
  if (!body) return <div class="counters" />; // keeps their place, so that nothing moves under the pointer
  if (body.jobs.length === 0) return null;
  const { byState, jobs, failedToday } = countersOf(body.jobs, nowMs.value);
  return (
    <Counters byState={byState} status={status} hrefOf={(to) => dashboardPath({ status: to })}>
      {body.next_token === undefined ? `${jobs} ${jobs === 1 ? 'job' : 'jobs'}` : `of the newest ${jobs} jobs`}
      {failedToday > 0 && `, ${failedToday} failed within a day`}
    </Counters>
  );
}

interface CountersProps {
  readonly byState: readonly (readonly [JobState, number])[];
  /** The state whose jobs are listed now; its counter leads back to all. */
  readonly status: string | undefined;
  readonly hrefOf: (status: JobState | undefined) => string;
  /** What was counted. */
  readonly children: ComponentChildren;
}

/** How many jobs are in each state; each leads to them. */
export function Counters({ byState, status, hrefOf, children }: CountersProps) {
  return (
    <nav class="counters" aria-label="Counters">
      {byState.map(([state, count]) => (
        <a
          key={state}
          href={hrefOf(state === status ? undefined : state)}
          aria-current={state === status ? 'true' : undefined}
        >
          <strong>{count}</strong> <Chip {...JOB_WORDS[state]} />
        </a>
      ))}
      <span class="fine">{children}</span>
    </nav>
  );
}
