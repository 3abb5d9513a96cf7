import { type ErrorCode, SyncError } from '../model/errors.ts';

/**
 * What to do about an error at the level of a segment or step. `retry`: nothing about the work was at fault; where that does
 * not help, the job pauses. `pause`: the job waits for somebody, or for a probe. `stop`: somebody has to look.
 */
export type Remedy = 'retry' | 'pause' | 'stop';

/**
 * What to do about a chunk that the target rolled back. `again`: the same rows, after a pause. `smaller`: half of the rows.
 * `isolate`: half of the rows, until the one at fault stands alone and is put aside. `give_up`: not for this level.
 */
export type ChunkRemedy = 'again' | 'smaller' | 'isolate' | 'give_up';

interface Policy {
  readonly remedy: Remedy;
  /** How long after a pause the service looks by itself whether the job can go on; absent: somebody has to ask. */
  readonly probeMs?: number;
  /** For a chunk, before the segment is asked: whatever the server said, or by SQLSTATE. Absent: `give_up`. */
  readonly chunk?: ChunkRemedy | Readonly<Record<string, ChunkRemedy>>;
}

const MINUTE_MS = 60_000;

/** A server that answers, and refuses for reasons that do not last. */
const ROLLED_BACK: Policy['chunk'] = {
  '40001': 'again', // serialization failure
  '40P01': 'again', // deadlock
  '53200': 'smaller', // out of memory: says nothing about a row
};

/** One line per code that does not simply stop; a code without one stops. */
const POLICIES: Readonly<Partial<Record<ErrorCode, Policy>>> = {
  source_unavailable: { remedy: 'retry', probeMs: MINUTE_MS, chunk: ROLLED_BACK },
  target_unavailable: { remedy: 'retry', probeMs: MINUTE_MS, chunk: ROLLED_BACK },
  connection_unreachable: { remedy: 'retry', probeMs: MINUTE_MS },
  too_many_connections: { remedy: 'retry', probeMs: MINUTE_MS },
  unavailable: { remedy: 'retry', probeMs: MINUTE_MS },
  target_read_only: { remedy: 'retry', probeMs: MINUTE_MS }, // a failover is over within seconds
  lock_timeout: { remedy: 'retry', probeMs: MINUTE_MS, chunk: 'again' },
  statement_timeout: { remedy: 'retry', probeMs: 5 * MINUTE_MS, chunk: 'isolate' },
  disk_full: { remedy: 'retry', probeMs: 5 * MINUTE_MS },
  target_moving: { remedy: 'retry' },
  schema_newer: { remedy: 'retry', probeMs: MINUTE_MS }, // newer code takes the work over
  connection_auth_failed: { remedy: 'pause', probeMs: 5 * MINUTE_MS },
  privilege_missing: { remedy: 'pause' },
  schema_changed: { remedy: 'pause' },
  confirm_required: { remedy: 'pause' },
  rule_limit: { remedy: 'pause' },
  rule_stopped: { remedy: 'pause' },
  takeover_limit: { remedy: 'pause' },
  worker_lost: { remedy: 'pause' },
  row_rejected: { remedy: 'stop', chunk: 'isolate' },
  trigger_interfered: { remedy: 'stop', chunk: 'isolate' },
};

const STOP: Policy = { remedy: 'stop' };

const policyFor = (code: string): Policy => POLICIES[code as ErrorCode] ?? STOP; // any text may come in

/** What is not ours is a bug. */
const policyOf = (error: unknown): Policy => (error instanceof SyncError ? policyFor(error.code) : STOP);

export function remedyFor(error: unknown): Remedy {
  return policyOf(error).remedy;
}

/** Codes after which the same work is tried again. */
export const RETRY: readonly ErrorCode[] = (Object.keys(POLICIES) as ErrorCode[]).filter(
  (code) => policyFor(code).remedy === 'retry',
);

/** Whether a run that ended with this code waits instead of failing: nothing is wrong with what it has done. */
export function endsInPause(code: string): boolean {
  return policyFor(code).remedy !== 'stop';
}

/**
 * Whether an error that ended a pass over a table is the table's own, so that others can go on: somebody has to look at it.
 * A run that is not the job's own any more fails nothing.
 */
export function failsTable(code: string): boolean {
  return policyFor(code).remedy === 'stop' && code !== 'epoch_superseded' && code !== 'job_not_found';
}

export function probeDelayMs(code: string): number | undefined {
  return policyFor(code).probeMs;
}

export function chunkRemedy(error: unknown): ChunkRemedy {
  const { chunk = 'give_up' } = policyOf(error);
  if (typeof chunk === 'string') return chunk;
  return (error instanceof SyncError && chunk[String(error.facts.sqlstate)]) || 'give_up';
}

/**
 * Seconds to wait before try `attempt` (from 1): full jitter under 1, 2, 4, ... up to 30 s. `random` is in [0, 1).
 */
export function retryDelaySeconds(attempt: number, random: number): number {
  return Math.ceil(random * Math.min(30, 2 ** (attempt - 1)));
}

/**
 * Tries of one chunk. A lock is waited for 5 s each time, so eight tries with their pauses end within the 60 s that a
 * worker keeps in hand.
 */
export const CHUNK_TRIES = 8;

/** Milliseconds to wait before chunk try `attempt` + 1: full jitter under 0.1, 0.2, 0.4, ... up to 5 s. */
export function chunkDelayMs(attempt: number, random: number): number {
  return Math.floor(random * Math.min(5_000, 100 * 2 ** (attempt - 1)));
}
