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
