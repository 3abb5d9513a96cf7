import type { JobStatus } from '../../../lib/model/answers.ts';
import type { ConflictPage } from '../../../lib/model/conflict-answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { conflictsApi, conflictsPath } from '../../conflict-address.ts';
import { countsText } from '../../conflict-list.ts';
import { useLive } from '../../ui.ts';

/** Counting costs more than a status, and people decide slowly. */
const EVERY_MS = 15_000;

/** The way to the conflicts that a job has met, with how many of them wait now: the job's own count is of its end. */
export function ConflictLink({ job }: { readonly job: JobStatus }) {
  const path = `${conflictsApi(job.job_id)}?limit=1&counts=true`;
  const { counts } = useLive<ConflictPage>(path, { everyMs: EVERY_MS }).state.value.body ?? {};
  const met = job.counts.conflicts;
  return (
    <p>
      <a href={conflictsPath(job.job_id)}>
        {counts?.open === 0
          ? 'Look at its conflicts'
          : `Look at ${met === 1 ? 'the conflict' : 'the conflicts'} and decide`}
      </a>{' '}
      <span class="fine">{counts ? countsText(counts, met) : `${number(met)} at the end of the job`}</span>
    </p>
  );
}
