import { SyncError } from '../model/errors.ts';

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
