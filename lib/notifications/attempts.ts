const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * Seconds between the attempts at a delivery: soon for a receiver that restarts, later for one that is repaired by hand.
 * 15.7 hours in all. Amazon SQS hides a message for 12 hours at most.
 */
export const RETRY_SECONDS = [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR] as const;

/** After the last one the queue moves the message to its dead letters. */
export const ATTEMPTS = RETRY_SECONDS.length + 1;

/**
 * How long to wait after attempt number `attempt`, which failed: up to a tenth less, so that deliveries that failed together
 * do not come back together. Undefined: it was the last. Pure; `random` is from [0, 1).
 */
export function retryAfter(attempt: number, random: number): number | undefined {
  const seconds = RETRY_SECONDS[attempt - 1];
  return seconds === undefined ? undefined : Math.ceil(seconds * (1 - random / 10));
}
