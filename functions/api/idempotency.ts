import { createHash, createHmac } from 'node:crypto';
import { ERRORS, SyncError } from '../../lib/model/errors.ts';
import type { RouteResponse } from './route.ts';

/** What is kept of a call that was made under a key. No body: a hash that nobody can try passwords on without the key. */
export interface KeptCall {
  readonly hash: string;
  /** The id of what the call makes, the same however often it is tried. */
  readonly work_id: string;
  /** Somebody is at it until then, or has died. */
  readonly busy_until: string;
  readonly expires_at: string;
  readonly answer?: RouteResponse;
  /** Raised by each write; a writer must know the one before. */
  readonly revision: number;
}

export interface KeptCalls {
  get(name: string): Promise<KeptCall | undefined>;
  /** False when somebody else was faster. */
  put(name: string, call: KeptCall): Promise<boolean>;
  remove(name: string, revision: number): Promise<boolean>;
}

/** Each day: forgets calls whose day is over. */
export async function forgetCalls(
  calls: Pick<KeptCalls, 'remove'> & { list(): Promise<readonly (readonly [name: string, call: KeptCall])[]> },
  now: Date,
): Promise<void> {
  for (const [name, { expires_at, revision }] of await calls.list())
    if (expires_at < now.toISOString()) await calls.remove(name, revision);
}

/** How long a key stands for its call. */
const KEPT_MS = 24 * 3_600_000;

/** A function that answers a call is ended before. */
const BUSY_MS = 60_000;

/** One call under a key. `caller` and `route` are part of it: nobody meets the calls of others. */
export interface KeyedCall {
  readonly key: string | undefined;
  readonly caller: string;
  readonly route: string;
  readonly body: string;
}

const later = (now: Date, ms: number) => new Date(now.getTime() + ms).toISOString();

const inFlight = () => new SyncError('idempotency_in_flight', 'A call with this Idempotency-Key is being worked on.');

/** The answer that is kept, or how the call is noted before it is worked on. */
function judge(before: KeptCall | undefined, hash: string, now: Date, newId: () => string): RouteResponse | KeptCall {
  const known = before && now.toISOString() < before.expires_at ? before : undefined;
  if (known && known.hash !== hash)
    throw new SyncError('idempotency_mismatch', 'This Idempotency-Key was sent with another body.');
  if (known?.answer) return known.answer;
  if (known && now.toISOString() < known.busy_until) throw inFlight();
  return {
    hash,
    work_id: known?.work_id ?? newId(),
    busy_until: later(now, BUSY_MS),
    expires_at: later(now, KEPT_MS),
    revision: (before?.revision ?? 0) + 1,
  };
}

/**
 * Works on a call once per key, and gives the same answer again for a day. `work` gets the id of what it makes: whoever takes over
 * from one that died gets the same. A refused call is not kept; one that failed is tried again under its id.
 *
 * Throws `idempotency_key_invalid`, `idempotency_mismatch`, `idempotency_in_flight`.
 */
export async function once(
  { key, caller, route, body }: KeyedCall,
  { calls, now, newId }: { readonly calls: KeptCalls; readonly now: () => Date; readonly newId: () => string },
  work: (id: string) => Promise<RouteResponse>,
): Promise<RouteResponse> {
  if (key === undefined) return work(newId());
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new SyncError('idempotency_key_invalid', 'expected 1 to 255 printable ASCII characters without spaces');
  const name = createHash('sha256')
    .update(JSON.stringify([caller, route, key]))
    .digest('hex');
  const hash = createHmac('sha256', key).update(body).digest('hex');
  const mine = judge(await calls.get(name), hash, now(), newId);
  if ('status' in mine) return mine;
  if (!(await calls.put(name, mine))) throw inFlight();
  const next = { ...mine, revision: mine.revision + 1 };
  try {
    const answer = await work(mine.work_id);
    await calls.put(name, { ...next, answer }).catch(() => undefined); // then it is found by its id
    return answer;
  } catch (error) {
    const refused = error instanceof SyncError && ERRORS[error.code].status < 500;
    const undone = refused
      ? calls.remove(name, mine.revision)
      : calls.put(name, { ...next, busy_until: now().toISOString() });
    await undone.catch(() => undefined);
    throw error;
  }
}
