import {
  asksJobs,
  isMeant,
  isOver,
  KEPT_JOBS,
  type KeptPair,
  mayBeMeant,
  type PairFacts,
  type PairFilter,
  type PairJob,
  type PairLast,
  type PairSchedule,
  type PairState,
  stateOf,
} from '../model/fleet.ts';
import type { Job } from '../model/job.ts';
import type { Schedule } from '../model/schedule.ts';
import { nextRuns } from '../model/schedule-expression.ts';
import type { Clock, FleetLooks, PairStore } from '../ports.ts';

export interface FindPairsPorts {
  readonly pairs: Pick<PairStore, 'page' | 'jobs'>;
  readonly looks: FleetLooks;
  readonly clock: Clock;
}

const hasCompleted = (job: Job) => job.state === 'completed' || job.state === 'completed_with_issues';

function lastOf(job: Job): PairLast {
  const code = job.pause?.code ?? job.failure?.code;
  return {
    job_id: job.job_id,
    epoch: job.epoch,
    state: job.state,
    created_at: job.created_at,
    ...(job.ended_at !== undefined && { ended_at: job.ended_at }),
    ...(code !== undefined && { code }),
    open_conflicts: job.open_conflicts ?? 0,
    quarantined: job.quarantined ?? 0,
  };
}

/** The schedule of a pair's name is the pair's where it is over the same environments. */
export const isOf = (
  pair: KeptPair,
  { environments, deleting }: Pick<Schedule, 'environments' | 'deleting'>,
): boolean =>
  !deleting && environments?.source === pair.source_environment && environments.target === pair.target_environment;

function scheduleOf(schedule: Schedule, now: Date): PairSchedule {
  const { expression, timezone, flexible_minutes, paused } = schedule;
  const [next] = paused ? [] : nextRuns(schedule, now, 1);
  return { expression, timezone, flexible_minutes, paused, ...(next !== undefined && { next_run: next }) };
}

/** Jobs that were noted, and those that its schedule has started; newest first, each once. */
function jobsOf(noted: readonly PairJob[], schedule: Schedule | undefined): readonly string[] {
  const scheduled = (schedule?.runs ?? []).flatMap(({ job_id, outcome, at }) =>
    job_id !== undefined && outcome === 'started' ? [{ job_id, at }] : [],
  );
  const all = [...noted, ...scheduled].sort((a, b) => (a.at < b.at ? 1 : -1));
  return [...new Set(all.map((job) => job.job_id))];
}

/** Pairs with what leads to their jobs: the schedule that is theirs, and the ids of their jobs, newest first. */
async function leadsOf(pairs: readonly KeptPair[], ports: FindPairsPorts) {
  const names = pairs.map(({ name }) => name);
  const [noted, schedules] = await Promise.all([ports.pairs.jobs(names), ports.looks.schedules(names)]);
  return pairs.map((pair) => {
    const found = schedules.get(pair.name);
    const schedule = found && isOf(pair, found) ? found : undefined;
    return { pair, schedule, ids: jobsOf(noted.get(pair.name) ?? [], schedule) };
  });
}

/** The last 20 jobs of a pair that came to be, newest first. */
export async function lastJobsOf(pair: KeptPair, ports: FindPairsPorts): Promise<readonly PairLast[]> {
  const [{ ids } = { ids: [] }] = await leadsOf([pair], ports);
  const jobs = await ports.looks.jobs(ids);
  return ids
    .flatMap((id) => jobs.get(id) ?? [])
    .filter((job) => isOver(pair, job))
    .slice(0, KEPT_JOBS)
    .map(lastOf);
}

/** How far back jobs are looked at: to the last one of each pair, or to the last that completed, of pairs in this state alone. */
interface Looking {
  readonly success: boolean;
  readonly state?: PairState | undefined;
}

/** Whether jobs before the newest have to be looked at. `newest`: undefined where it never came to be. Pure. */
export function needsOlder(pair: KeptPair, newest: Job | undefined, { success, state }: Looking): boolean {
  if (!newest || !isOver(pair, newest)) return true; // the last one is behind it
  if (!success || hasCompleted(newest)) return false;
  return state === undefined || stateOf({ last: newest }) === state;
}

/**
 * What became of these pairs. Reads their notes, their schedules and the last job of each at once; older jobs only of those
 * where they matter: in an outage each pair would have 20 of them read.
 */
export async function factsOf(
  pairs: readonly KeptPair[],
  ports: FindPairsPorts,
  looking: Looking = { success: true },
): Promise<readonly PairFacts[]> {
  const now = ports.clock();
  const known = await leadsOf(pairs, ports);
  const newest = await ports.looks.jobs(known.flatMap(({ ids }) => ids.slice(0, 1)));
  const unsure = known.filter(({ pair, ids: [last = ''] }) => needsOlder(pair, newest.get(last), looking));
  const older = await ports.looks.jobs(unsure.flatMap(({ ids }) => ids.slice(1)));
  return known.map(({ pair, schedule, ids }): PairFacts => {
    const found = ids.flatMap((id) => newest.get(id) ?? older.get(id) ?? []); // one that was refused never came to be
    const jobs = found.filter((job) => isOver(pair, job));
    const [last] = jobs;
    const success = jobs.find(hasCompleted)?.ended_at;
    return {
      pair,
      ...(last && { last: lastOf(last) }),
      ...(success !== undefined && { last_success_at: success }),
      ...(schedule && { schedule: scheduleOf(schedule, now) }),
    };
  });
}

/** Pairs that are looked at for one page: a page with a rare filter ends early, with a place to go on from. */
const LOOK_AT = 500;
const STRIDE = 100;

export interface PairPage {
  readonly pairs: readonly PairFacts[];
  /** The name to go on behind; absent: there are no more. */
  readonly after?: string;
}

/** A page of the pairs that are meant, in name order; with filters it may hold fewer than `limit` though there are more. */
export async function findPairs(
  filter: PairFilter,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  ports: FindPairsPorts,
): Promise<PairPage> {
  const found: PairFacts[] = [];
  let at = after;
  for (let looked = 0; looked < LOOK_AT; looked += STRIDE) {
    const { pairs, more } = await ports.pairs.page({ after: at, prefix: filter.prefix, limit: STRIDE });
    const facts = await factsOf(
      pairs.filter((pair) => mayBeMeant(pair, filter)),
      ports,
      { success: true, state: filter.state }, // shown with the pair
    );
    for (const one of facts) {
      if (!isMeant(one, filter, ports.clock())) continue;
      found.push(one);
      if (found.length === limit) {
        const isLast = !more && one.pair.name === pairs.at(-1)?.name;
        return { pairs: found, ...(!isLast && { after: one.pair.name }) };
      }
    }
    at = pairs.at(-1)?.name ?? at;
    if (!more) return { pairs: found };
  }
  return { pairs: found, ...(at !== undefined && { after: at }) };
}

/** Names of all pairs that are meant. 5,000 of them: see test/bench/results.md. */
export async function allMeant(filter: PairFilter, ports: FindPairsPorts): Promise<readonly string[]> {
  const names: string[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await ports.pairs.page({ after, prefix: filter.prefix, limit: LOOK_AT });
    const here = page.pairs.filter((pair) => mayBeMeant(pair, filter));
    const now = ports.clock();
    const meant = asksJobs(filter)
      ? (await factsOf(here, ports, { ...filter, success: filter.overdue_hours !== undefined }))
          .filter((one) => isMeant(one, filter, now))
          .map((one) => one.pair)
      : here;
    names.push(...meant.map(({ name }) => name));
    after = page.pairs.at(-1)?.name;
    more = page.more;
  }
  return names;
}
