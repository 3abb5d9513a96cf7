import type { Conflict } from '../../lib/model/conflict.ts';
import type { ConflictStore, JobStore } from '../../lib/ports.ts';
import { decodePage, encodePage } from './page-token.ts';

/** So many jobs, of whatever kind, are looked at for one page, and so many lists of conflicts. */
const JOBS_AT_ONCE = 20;

const OF = { list: 'open conflicts of projects' };

/** Jobs that are still to be asked, the first from a place in its own list, and where the jobs behind them begin. */
interface Place {
  readonly jobs: readonly string[];
  readonly within?: string;
  readonly behind?: string;
}

/**
 * Open conflicts of all projects, by the job that saw each last, the newest job first: so each is there once, however many jobs
 * have met it. A page costs one list of jobs and 20 of conflicts at most.
 */
export async function openConflicts(
  { limit, from }: { readonly limit: number; readonly from: string | undefined },
  { jobs, conflicts }: { readonly jobs: Pick<JobStore, 'list'>; readonly conflicts: Pick<ConflictStore, 'list'> },
): Promise<{ readonly found: readonly Conflict[]; readonly next?: string }> {
  let place = from === undefined ? { jobs: [] } : (decodePage(OF, from) as Place); // encodePage has made it
  if (place.jobs.length === 0) place = await jobsFrom(place.behind, jobs);
  const found: Conflict[] = [];
  for (let asked = 0; asked < JOBS_AT_ONCE && place.jobs.length > 0 && found.length < limit; asked++) {
    const [job_id = '', ...rest] = place.jobs;
    const { within, behind } = place;
    const page = await conflicts.list({
      job_id,
      state: 'open',
      limit: limit - found.length,
      ...(within !== undefined && { cursor: within }),
    });
    found.push(...page.conflicts.filter((conflict) => conflict.seen_by === job_id));
    const left = page.cursor === undefined ? { jobs: rest } : { jobs: place.jobs, within: page.cursor };
    place = { ...left, ...(behind !== undefined && { behind }) };
  }
  const more = place.jobs.length > 0 || place.behind !== undefined;
  return { found, ...(more && { next: encodePage(OF, place) }) };
}

async function jobsFrom(cursor: string | undefined, jobs: Pick<JobStore, 'list'>): Promise<Place> {
  const page = await jobs.list({ limit: JOBS_AT_ONCE, ...(cursor !== undefined && { cursor }) });
  const own = page.jobs.filter((job) => job.config.project).map((job) => job.job_id);
  return { jobs: own, ...(page.cursor !== undefined && { behind: page.cursor }) };
}
