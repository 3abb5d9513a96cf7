import { SyncError } from '../model/errors.ts';
import type { SegmentMessage } from '../model/message.ts';
import { remedyFor, retryDelaySeconds } from './healing.ts';

/** How long somebody waits for room on a server before they give up, and how. */
export interface Patience {
  readonly forMs: number;
  readonly wait: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Whoever waits asks again within this time. */
const ASK_AGAIN_MS = 2_000;

const isFull = (error: unknown) => error instanceof SyncError && error.code === 'too_many_connections';

/**
 * Opens connections, again and again while the server has none to spare. `open` closes what it has opened before it
 * throws: nobody holds one connection while they wait for another. Throws `too_many_connections` when patience ends.
 */
export async function whenThereIsRoom<T>(open: () => Promise<T>, patience: Patience | undefined): Promise<T> {
  for (let waitedMs = 0; ; ) {
    try {
      return await open();
    } catch (error) {
      if (!patience || !isFull(error) || waitedMs >= patience.forMs) throw error;
      const ms = Math.ceil(patience.random() * ASK_AGAIN_MS);
      await patience.wait(ms);
      waitedMs += ms;
    }
  }
}

/**
 * Seconds until a segment whose servers are full is delivered again, for the n-th time (from 1): a random time, so that
 * those who wait do not meet, out of 4, 8, ... 64 s, so that they are no storm. `random` is in [0, 1).
 */
export function giveBackSeconds(n: number, random: number): number {
  return 1 + Math.floor(random * Math.min(64, 4 * 2 ** (n - 1)));
}

/** A fresh message in place of one: its deliveries are counted from one again. */
export interface Copy {
  readonly message: SegmentMessage;
  readonly delaySeconds: number;
}

/** A copy for the next turn of a segment that somebody else is in the way of, later each time. `random` is in [0, 1). Pure. */
export function copyOf(message: SegmentMessage, random: number): Copy {
  const times = (message.given_back ?? 0) + 1;
  return { message: { ...message, given_back: times }, delaySeconds: giveBackSeconds(times, random) };
}

/** What a worker does with the message of a segment that failed: `answer` ends its task, the others try again. */
export type AfterError =
  | ({ readonly do: 'send_copy' } & Copy)
  | { readonly do: 'hide'; readonly seconds: number }
  | { readonly do: 'answer' };

/** The queue gives a message up after five deliveries; the last one answers the token itself, so that the job learns why. */
const LAST_DELIVERY = 5;

/**
 * What becomes of a message after an error at its n-th delivery (from 1). Where a server has no connection to spare nothing
 * was tried and nobody is at fault: a fresh copy takes its place in the queue, whose deliveries are counted from one again.
 * A worker that dies between sending the copy and ending this one leaves both, and the claim lets one of them commit. Pure.
 */
export function afterError(error: unknown, message: SegmentMessage, delivery: number, random: number): AfterError {
  if (isFull(error)) return { do: 'send_copy', ...copyOf(message, random) };
  if (remedyFor(error) === 'retry' && delivery < LAST_DELIVERY)
    return { do: 'hide', seconds: retryDelaySeconds(delivery, random) };
  return { do: 'answer' };
}
