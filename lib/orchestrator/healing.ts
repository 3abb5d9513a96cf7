import { type ErrorCode, SyncError } from '../model/errors.ts';

/** What to do about an error at the level of a segment or step. `stop`: somebody has to look. */
export type Remedy = 'retry' | 'stop';

/** Codes after which the same work may be tried again, because nothing about the work was at fault. All others stop. */
const RETRY: readonly ErrorCode[] = [
  'source_unavailable',
  'target_unavailable',
  'connection_unreachable',
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
