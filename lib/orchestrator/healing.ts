import { type ErrorCode, SyncError } from '../model/errors.ts';

/**
 * What to do about an error at the level of a segment or step. `retry`: nothing about the work was at fault; where that does
 * not help, the job pauses. `pause`: the job waits for somebody, or for a probe. `stop`: somebody has to look.
 */
export type Remedy = 'retry' | 'pause' | 'stop';

const MINUTE_MS = 60_000;

interface Policy {
  readonly remedy: Remedy;
  /** How long after a pause the service looks by itself whether the job can go on; absent: somebody has to ask. */
  readonly probeMs?: number;
}

/** One line per code that does not simply stop. */
const POLICIES: Readonly<Partial<Record<ErrorCode, Policy>>> = {
  source_unavailable: { remedy: 'retry', probeMs: MINUTE_MS },
  target_unavailable: { remedy: 'retry', probeMs: MINUTE_MS },
  connection_unreachable: { remedy: 'retry', probeMs: MINUTE_MS },
  unavailable: { remedy: 'retry', probeMs: MINUTE_MS },
  target_moving: { remedy: 'retry' },
  target_read_only: { remedy: 'pause', probeMs: MINUTE_MS },
  connection_auth_failed: { remedy: 'pause', probeMs: 5 * MINUTE_MS },
  privilege_missing: { remedy: 'pause' },
  schema_changed: { remedy: 'pause' },
  confirm_required: { remedy: 'pause' },
  takeover_limit: { remedy: 'pause' },
  worker_lost: { remedy: 'pause' },
};

const policyFor = (code: string): Policy | undefined => POLICIES[code as ErrorCode]; // an unknown code has none

export function remedyFor(error: unknown): Remedy {
  return (error instanceof SyncError && policyFor(error.code)?.remedy) || 'stop';
}

/** Whether a run that ended with this code waits instead of failing: nothing is wrong with what it has done. */
export function endsInPause(code: string): boolean {
  return policyFor(code) !== undefined;
}

export function probeDelayMs(code: string): number | undefined {
  return policyFor(code)?.probeMs;
}

/**
 * Seconds to wait before try `attempt` (from 1): full jitter under 1, 2, 4, ... up to 30 s. `random` is in [0, 1).
 */
export function retryDelaySeconds(attempt: number, random: number): number {
  return Math.ceil(random * Math.min(30, 2 ** (attempt - 1)));
}
