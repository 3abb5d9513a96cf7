import { type ErrorCode, SyncError } from '../model/errors.ts';

/** What to do about an error at the level of a segment or step. `stop`: somebody has to look. */
export type Remedy = 'retry' | 'stop';

/**
 * Codes after which the same work may be tried again, because nothing about the work was at fault. All others stop. A
 * target that turned read-only or full may be back in a minute: a failover, a cleanup.
 */
export const RETRY: readonly ErrorCode[] = [
  'source_unavailable',
  'target_unavailable',
  'connection_unreachable',
  'target_read_only',
  'lock_timeout',
  'statement_timeout',
  'disk_full',
  'unavailable',
  'target_moving',
];

export function remedyFor(error: unknown): Remedy {
  return error instanceof SyncError && RETRY.includes(error.code) ? 'retry' : 'stop';
}

/**
 * Seconds to wait before try `attempt` (from 1): full jitter under 1, 2, 4, ... up to 30 s. `random` is in [0, 1).
 */
export function retryDelaySeconds(attempt: number, random: number): number {
  return Math.ceil(random * Math.min(30, 2 ** (attempt - 1)));
}

/**
 * What to do about a chunk that the target rolled back. `again`: the same rows, after a pause. `smaller`: half of the rows.
 * `isolate`: half of the rows, until the one at fault stands alone and is put aside. `give_up`: not for this level.
 */
export type ChunkRemedy = 'again' | 'smaller' | 'isolate' | 'give_up';

const BY_SQLSTATE: Readonly<Record<string, ChunkRemedy>> = {
  '40001': 'again', // serialization failure
  '40P01': 'again', // deadlock
  '55P03': 'again', // lock not available within lock_timeout
  '53200': 'smaller', // out of memory: says nothing about a row
  '57014': 'isolate', // statement timeout
  '54000': 'isolate', // a value beyond a limit of the program, such as an index entry
};

const BY_CODE: Readonly<Partial<Record<ErrorCode, ChunkRemedy>>> = {
  row_rejected: 'isolate',
  trigger_interfered: 'isolate',
};

export function chunkRemedy(error: unknown): ChunkRemedy {
  if (!(error instanceof SyncError)) return 'give_up';
  return BY_SQLSTATE[String(error.facts.sqlstate)] ?? BY_CODE[error.code] ?? 'give_up';
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
