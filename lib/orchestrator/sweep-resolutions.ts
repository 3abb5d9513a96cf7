import { ERRORS } from '../model/errors.ts';
import type { Resolution } from '../model/resolution.ts';
import type { Clock, Log, ResolutionQueue, ResolutionStore } from '../ports.ts';

/** What looking after orders to decide many conflicts needs of the outside. */
export interface SweepResolutionPorts {
  readonly resolutions: ResolutionStore;
  readonly queue: ResolutionQueue;
  readonly clock: Clock;
  readonly log: Log;
}

const MINUTE_MS = 60_000;
/** A step notes how far it has come within its 30 s, and one that waits for a table every 30 s. */
const SILENT_MINUTES = 3;
/** A message that gets lost again and again is sent every fifth minute. */
const EVERY_MINUTES = 5;
const GIVE_UP_MINUTES = 24 * 60;

/** What to do about an order that has not ended, looked at once a minute. Pure. */
export function decideResolution(
  { updated_at }: Pick<Resolution, 'updated_at'>,
  now: Date,
): 'leave' | 'send' | 'give_up' {
  const silent = Math.floor((now.getTime() - Date.parse(updated_at)) / MINUTE_MS);
  if (silent >= GIVE_UP_MINUTES) return 'give_up';
  return silent >= SILENT_MINUTES && (silent - SILENT_MINUTES) % EVERY_MINUTES === 0 ? 'send' : 'leave';
}

/** Sends the message of every order again that nobody works on, and gives up those that nobody could work on for a day. */
export async function sweepResolutions(ports: SweepResolutionPorts): Promise<void> {
  const now = ports.clock();
  for (const resolution of await ports.resolutions.unfinished()) {
    const { resolution_id, job_id } = resolution;
    const decision = decideResolution(resolution, now);
    if (decision === 'leave') continue;
    ports.log.warn('resolution is silent', { resolution_id, job_id, decision });
    if (decision === 'send') await ports.queue.send(resolution_id);
    else await ports.resolutions.advance(givenUp(resolution, now.toISOString()));
  }
}

function givenUp({ waits: _, ...resolution }: Resolution, at: string): Resolution {
  return {
    ...resolution,
    seq: resolution.seq + 1,
    state: 'failed',
    failure: { code: 'worker_lost', message: ERRORS.worker_lost.meaning },
    updated_at: at,
    ended_at: at,
  };
}
