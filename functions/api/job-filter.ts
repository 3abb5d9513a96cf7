import type { Side } from '../../lib/model/connection.ts';
import type { Job } from '../../lib/model/job.ts';
import type { JobQuery, JobStore } from '../../lib/ports.ts';

/** Which jobs of the list are meant, besides their state. Times are ISO 8601 in UTC. */
export interface JobFilter {
  /** Anywhere in the id, a database, host, environment, the actor, the code of a failure or the root table, whatever the case. */
  readonly text?: string | undefined;
  /** Name of a database or of an environment, whole. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  /** Created at or after, and before. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only jobs of projects. */
  readonly project?: true;
}

const namesOf = (job: Job, side: Side): readonly string[] => [
  job[side].database,
  ...(job.environments?.[side]?.names ?? []),
];

/** Pure. */
export function isMeant(job: Job, { text, source, target, from, to, project }: JobFilter): boolean {
  if (project && !job.config.project) return false;
  if (from !== undefined && Date.parse(job.created_at) < Date.parse(from)) return false;
  if (to !== undefined && Date.parse(job.created_at) >= Date.parse(to)) return false;
  if (source !== undefined && !namesOf(job, 'source').includes(source)) return false;
  if (target !== undefined && !namesOf(job, 'target').includes(target)) return false;
  if (text === undefined) return true;
  const words = [
    job.job_id,
    job.actor,
    job.mode,
    job.failure?.code,
    job.config.project?.root,
    ...(['source', 'target'] as const).flatMap((side) => [...namesOf(job, side), job[side].host]),
  ];
  return words.some((word) => word?.toLowerCase().includes(text.toLowerCase()));
}

/** Looks at the store for one call, and jobs at each: a caller who wants more asks for the next page. */
const LOOKS = 10;
const LOOK_AT = 100;

/** A page of the jobs that are meant, newest first; with filters it may hold fewer than `limit` though there are more. */
export async function findJobs(jobs: Pick<JobStore, 'list'>, query: JobQuery, filter: JobFilter) {
  if (Object.values(filter).every((wanted) => wanted === undefined)) return jobs.list(query);
  const found: Job[] = [];
  let at = query.cursor;
  for (let look = 0; look < LOOKS; look++) {
    const from = { ...query, ...(at !== undefined && { cursor: at }) };
    const page = await jobs.list({ ...from, limit: LOOK_AT });
    const meant = page.jobs.filter((job) => isMeant(job, filter));
    const taken = meant.slice(0, query.limit - found.length);
    found.push(...taken);
    if (taken.length < meant.length) {
      // the page goes on in the middle of what was read: only the store knows how to name that place
      const last = page.jobs.indexOf(taken.at(-1) as Job); // a page takes one at least
      const { cursor } = await jobs.list({ ...from, limit: last + 1 });
      return { jobs: found, ...(cursor !== undefined && { cursor }) };
    }
    at = page.cursor;
    const oldest = page.jobs.at(-1);
    const tooOld = oldest && filter.from !== undefined && Date.parse(oldest.created_at) < Date.parse(filter.from);
    if (at === undefined || tooOld) return { jobs: found };
    if (found.length >= query.limit) break;
  }
  return { jobs: found, ...(at !== undefined && { cursor: at }) };
}
