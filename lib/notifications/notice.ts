import { ENDED_STATES, type JobState } from '../model/job.ts';
import type { Notice } from '../model/notice.ts';
import type { JobPatch } from '../ports.ts';

/**
 * What a change of a job is worth telling; undefined: nothing. Pure: the same change gives the same notice, so that a
 * change that is made twice (a step that is repeated) is told under one id.
 */
export function noticeOf({ epoch }: { readonly epoch: number }, patch: JobPatch): Notice | undefined {
  const after = patch.epoch ?? epoch;
  if (patch.state !== undefined) return ofState(patch.state, after, patch);
  if (patch.changes && (patch.changes.lag_bytes > 0 || patch.changes.lag_seconds > 0)) {
    const { lag_bytes, lag_seconds } = patch.changes;
    return { what: 'lagging', epoch: after, at: patch.heartbeat_at ?? '', lag_bytes, lag_seconds };
  }
  return undefined;
}

function ofState(state: JobState, epoch: number, patch: JobPatch): Notice | undefined {
  if (ENDED_STATES.includes(state)) {
    const code = patch.failure?.code;
    return { what: 'ended', epoch, at: patch.ended_at ?? '', state, ...(code !== undefined && { code }) };
  }
  if (state === 'paused' && patch.pause) {
    const { code, since, probe_at } = patch.pause;
    return { what: 'paused', epoch, at: since, code, ...(probe_at !== undefined && { probe_at }) };
  }
  if (state === 'created' && patch.moved_by?.event === 'job.resumed')
    return { what: 'resumed', epoch, at: patch.heartbeat_at ?? '' };
  return undefined;
}
