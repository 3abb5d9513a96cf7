import type { Lsn } from './change-stream.ts';
import type { JobConfig } from './config.ts';
import { duration, number } from './figures.ts';

/** Whether the job follows the source's log until it is stopped. A job of an earlier version does not say. */
export const isContinuous = ({ continuous }: Partial<Pick<JobConfig, 'continuous'>>): boolean => continuous === true;

/**
 * Rounds of a job that follows the source's log until it is stopped, as its target keeps them. A round is planned where the
 * log has told of something to do, and settled once all of that is in the target: `planned` is `settled`, or one more.
 */
export interface Rounds {
  readonly planned: number;
  readonly settled: number;
  /** Drains that the settled rounds have taken care of. */
  readonly drains: number;
  /** What committed before this place, and before this time (ISO 8601 in UTC), is in the target. Absent: no round was settled yet. */
  readonly applied?: { readonly through: Lsn; readonly asOf: string };
  /** Rows that the last settled round has written. */
  readonly rows: number;
  /** When it was settled; since then nothing had to be done. */
  readonly settledAt?: string;
}

/** Up to where a look has drained the log: every commit before this place and this time (ISO 8601 in UTC). */
export interface Reached {
  readonly through: Lsn;
  readonly asOf: string;
}

/** What the job's item tells of its rounds. */
export interface FollowingView {
  /** Rounds that have ended. */
  readonly round: number;
  /** A round is under way. */
  readonly working: boolean;
  readonly applied?: Lsn;
  readonly as_of?: string;
  /** Rows that the last round has written. */
  readonly rows: number;
  /** Since when nothing had to be done; absent while a round is under way. */
  readonly quiet_since?: string;
  /** Of the source's log, not applied when it was looked at last. */
  readonly lag_bytes: number;
}

/** What the job's item tells, of rounds as the target has them. Pure. */
export function followingView(rounds: Rounds, lagBytes: number): FollowingView {
  const { planned, settled, applied, rows, settledAt } = rounds;
  const working = planned > settled;
  return {
    round: settled,
    working,
    ...(applied && { applied: applied.through, as_of: applied.asOf }),
    rows,
    ...(!working && settledAt !== undefined && { quiet_since: settledAt }),
    lag_bytes: lagBytes,
  };
}

/** How far a job has come, as a sentence; the same on every screen. `ended`: nobody follows any more. Pure. */
export function followingText(
  f: Omit<FollowingView, 'as_of'> & { readonly lag_seconds?: number },
  ended: boolean,
): string {
  if (f.applied === undefined || f.lag_seconds === undefined) return 'Following: the first round is under way.';
  const rounds = `round ${number(f.round)} wrote ${number(f.rows)} rows`;
  const lag = `${duration(f.lag_seconds)} and ${number(f.lag_bytes)} bytes of log behind, applied up to ${f.applied}`;
  if (ended) return `Followed: ${rounds}; when it ended ${lag}.`;
  const now = f.working
    ? `round ${number(f.round + 1)} is under way`
    : `quiet since ${f.quiet_since ?? 'the beginning'}`;
  return `Following: ${now}; ${rounds}; at most ${lag}.`;
}

/** How old what is not applied may be, in seconds; undefined: no round has ended yet. Pure. */
export function lagSeconds({ as_of }: Pick<FollowingView, 'as_of'>, now: Date): number | undefined {
  if (as_of === undefined) return undefined;
  return Math.max(0, Math.round((now.getTime() - Date.parse(as_of)) / 100) / 10);
}
