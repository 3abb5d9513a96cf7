import type { JobConfig } from './config.ts';
import type { Job, JobMode, JobState } from './job.ts';

/** A pair that one keeps: two environments and how rows go from one into the other. Its jobs are ordinary jobs. */
export interface KeptPair {
  readonly name: string;
  readonly description: string;
  /** What it is listed and worked on by. */
  readonly groups: readonly string[];
  readonly source_environment: string;
  readonly target_environment: string;
  readonly mode: JobMode;
  readonly config: JobConfig;
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly revision: number;
}

/** A job of a pair, by the pair; it may never have come to be. */
export interface PairJob {
  readonly job_id: string;
  readonly at: string;
}

/** Jobs that a pair keeps the ids of. */
export const KEPT_JOBS = 20;

/** What a list says of a job of a pair. */
export interface PairLast {
  readonly job_id: string;
  readonly epoch: number;
  readonly state: JobState;
  readonly created_at: string;
  readonly ended_at?: string;
  /** Why it failed or waits. */
  readonly code?: string;
  readonly open_conflicts: number;
  readonly quarantined: number;
}

/** The schedule of the pair's name, where it is over the same environments. */
export interface PairSchedule {
  readonly expression: string;
  readonly timezone: string;
  readonly flexible_minutes: number;
  readonly paused: boolean;
  readonly next_run?: string;
}

/** A pair with what became of it; read when it is asked for, so nothing of it is ever stale. */
export interface PairFacts {
  readonly pair: KeptPair;
  readonly last?: PairLast;
  /** When the last of its jobs ended that completed; of the last 20. */
  readonly last_success_at?: string;
  readonly schedule?: PairSchedule;
}

/** Whether a job was started over the environments that the pair names now; before it was put anew it may have named others. */
export const isOver = (
  { source_environment, target_environment }: KeptPair,
  { environments }: Pick<Job, 'environments'>,
): boolean =>
  environments?.source?.names[0] === source_environment && environments.target?.names[0] === target_environment;

/** `never`: it has no job. */
export const PAIR_STATES = ['never', 'working', 'paused', 'stopped', 'failed', 'completed', 'issues'] as const;
export type PairState = (typeof PAIR_STATES)[number];

const STATE: Readonly<Record<JobState, PairState>> = {
  created: 'working',
  preparing: 'working',
  running: 'working',
  verifying: 'working',
  stopping: 'working',
  stopped: 'stopped',
  paused: 'paused',
  completed: 'completed',
  completed_with_issues: 'issues',
  failed: 'failed',
};

export const stateOf = ({ last }: { readonly last?: Pick<PairLast, 'state'> }): PairState =>
  last ? STATE[last.state] : 'never';

/** Which pairs are meant; all that it names must be so. */
export interface PairFilter {
  readonly group?: string | undefined;
  /** How the name begins. */
  readonly prefix?: string | undefined;
  readonly state?: PairState | undefined;
  /** No job of it has completed for so many hours. */
  readonly overdue_hours?: number | undefined;
  readonly names?: readonly string[] | undefined;
}

const HOUR_MS = 3_600_000;

/** As far as the pair itself tells; jobs need not be looked at for it. Pure. */
export const mayBeMeant = (pair: KeptPair, { group, prefix, names }: PairFilter): boolean =>
  (group === undefined || pair.groups.includes(group)) &&
  (prefix === undefined || pair.name.startsWith(prefix)) &&
  (names === undefined || names.includes(pair.name));

/** Pure. */
export function isMeant(facts: PairFacts, filter: PairFilter, now: Date): boolean {
  const { state, overdue_hours: hours } = filter;
  if (!mayBeMeant(facts.pair, filter) || (state !== undefined && stateOf(facts) !== state)) return false;
  const success = facts.last_success_at;
  return hours === undefined || success === undefined || now.getTime() - Date.parse(success) > hours * HOUR_MS;
}

/** Whether jobs have to be looked at to tell. */
export const asksJobs = ({ state, overdue_hours }: PairFilter): boolean =>
  state !== undefined || overdue_hours !== undefined;
