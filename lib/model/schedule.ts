import type { GivenApproval } from './approval.ts';
import type { JobConfig } from './config.ts';
import type { ConnectionView } from './connection.ts';
import type { NamedSides } from './environment.ts';
import type { JobMode } from './job.ts';
import type { Timing } from './schedule-expression.ts';

/** What happens to a run that is due while the one before still works, or another job holds its tables. */
export const OVERLAPS = ['skip', 'queue'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/**
 * `starting`: somebody is at it. `waiting`: it is started as soon as what is in its way has ended. `refused`: the start was
 * answered with an error, as its code says.
 */
export const RUN_OUTCOMES = ['starting', 'started', 'skipped', 'waiting', 'refused'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What became of one run that was due. */
export interface ScheduleRun {
  /** When it was due, ISO 8601 in UTC; names the run. */
  readonly due: string;
  /** When that outcome came about. */
  readonly at: string;
  readonly outcome: RunOutcome;
  /** The job that was started, or that was in the way. */
  readonly job_id?: string;
  /** Why it was skipped, waits or was refused: a code of docs/errors.md, or `run_waits`: another run waits already. */
  readonly code?: string;
  readonly message?: string;
}

/** A named order to start jobs again and again. Its connections are a secret. */
export interface Schedule extends Timing {
  readonly name: string;
  readonly mode: JobMode;
  readonly config: JobConfig;
  readonly overlap: Overlap;
  readonly paused: boolean;
  /** A run may come so many minutes late, so that many schedules do not start at once; 0: on time. */
  readonly flexible_minutes: number;
  readonly source: ConnectionView;
  readonly target: ConnectionView;
  /** Sides whose connection is that of an environment, as it is when a run starts. */
  readonly environments?: NamedSides;
  /** Who let it write to a protected environment, and to exactly what. */
  readonly approval?: GivenApproval;
  /** Empty where both sides are named. */
  readonly secret_ref: string;
  /** Who put it last. */
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Raised by each PUT. */
  readonly revision: number;
  /** The revision that the alarm clock knows; another one is told to it again. */
  readonly armed?: number;
  /** It is being deleted: nothing is started for it any more. */
  readonly deleting?: true;
  /** Raised by each write; a writer must know the one before. */
  readonly seq: number;
  /** The last ones, newest first. */
  readonly runs: readonly ScheduleRun[];
}

/** Whether the minute's look has something to do for it: tell the alarm clock, finish a deletion, or see to a run. Pure. */
export const wantsCare = ({ armed, revision, deleting, runs }: Schedule): boolean =>
  deleting === true || armed !== revision || runs.some((r) => r.outcome === 'starting' || r.outcome === 'waiting');

/** Runs that are kept. */
export const KEPT_RUNS = 20;

/** The schedule with one more run, or with another outcome of one. Pure. */
export function withRun(schedule: Schedule, run: ScheduleRun): Schedule {
  const known = schedule.runs.some((r) => r.due === run.due);
  const runs = known ? schedule.runs.map((r) => (r.due === run.due ? run : r)) : [run, ...schedule.runs];
  return { ...schedule, runs: runs.slice(0, KEPT_RUNS) };
}
