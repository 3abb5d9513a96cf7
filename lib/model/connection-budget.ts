/** What opens connections: the worker of a segment, a step of a workflow or the sweeper, a command somebody waits for. */
export type Caller = 'worker' | 'step' | 'command';

/**
 * Connections of the budget that are kept back from a caller, so that whoever is more urgent finds two (source and target
 * may be on one server): a step must not wait for segments that wait for it, and a stop for neither.
 */
const KEPT_BACK: Readonly<Record<Caller, number>> = { worker: 4, step: 2, command: 0 };

/** The least budget that leaves a worker the two connections it needs. */
export const LEAST_BUDGET = 6;

/** How many sessions of this service a caller may find on a server, itself included, and still work there. */
export function connectionLimit(budget: number, caller: Caller): number {
  return budget - KEPT_BACK[caller];
}

/** What a worker needs at most: source and target may be on one server. */
const A_WORKER = 2;

/** Below this limit there is nothing to share: a room kept free would be a quarter of it and more. */
const SHARED_FROM = 8;

/** Sessions of this service that work on a server. */
export interface AtWork {
  readonly all: number;
  /** Of the job that asks. */
  readonly own: number;
  /** Jobs that have some, without the one that asks. */
  readonly others: number;
}

/**
 * Whether one more session of a job is let in where `limit` may work. Pure. The last two places are for jobs that have less than
 * their share, which is reckoned with one job more than are there: so whoever comes to a full server finds room as soon as one
 * session of a job above its share ends, and that job does not take it again. A job alone has all but those two places.
 *
 * So of k jobs none is below min(what it wants, floor(limit / (k + 1))) for longer than it takes each session to end once where who
 * asks first is chance, as it is here, and three times in any order (test/unit/engine/sharing.test.ts).
 */
export function mayEnter({ all, own, others }: AtWork, limit: number): boolean {
  const share = Math.max(A_WORKER, Math.floor(limit / (others + 2)));
  return all < limit - (limit < SHARED_FROM || own < share ? 0 : A_WORKER);
}
