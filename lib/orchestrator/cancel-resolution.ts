import { SyncError } from '../model/errors.ts';
import { hasEnded, type Resolution } from '../model/resolution.ts';
import type { Clock, ResolutionStore } from '../ports.ts';

export interface CancelRequest {
  readonly resolutionId: string;
  readonly jobId: string;
  readonly actor: string;
}

/** A step notes how far it has come a few times a second at most; each note costs one try. */
const TRIES = 20;

/**
 * Ends an order to decide many conflicts: no further one is decided for it. What was decided stays. A batch that is being
 * applied just now is finished and counted afterwards; it is the last. Cancelling again answers the same. Throws
 * `resolution_not_found`, and `state_conflict` for one that has ended otherwise.
 */
export async function cancelResolution(
  { resolutionId, jobId, actor }: CancelRequest,
  { resolutions, clock }: { readonly resolutions: ResolutionStore; readonly clock: Clock },
): Promise<Resolution> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await resolutions.get(resolutionId);
    if (found?.job_id !== jobId) throw new SyncError('resolution_not_found', 'this job has no such resolution');
    if (found.state === 'cancelled') return found;
    if (hasEnded(found)) {
      const facts = { state: found.state };
      throw new SyncError('state_conflict', `The order has ended: it is ${found.state}.`, { facts });
    }
    const { waits: _, ...before } = found;
    const now = clock().toISOString();
    const cancelled: Resolution = {
      ...before,
      seq: found.seq + 1,
      state: 'cancelled',
      cancelled_by: actor,
      updated_at: now,
      ended_at: now,
    };
    if (await resolutions.advance(cancelled)) return cancelled;
  }
  throw new SyncError('unavailable', 'The order moves too fast to be cancelled just now; try again.');
}
