import type { Conflict, ConflictImages, DecisionOutcome } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { MergedRow, MergeRow } from '../model/merge.ts';
import type { Resolution } from '../ports.ts';
import { imagesOf, type Sight, sidesOf, type ThreeWayPlan } from './conflict-sight.ts';
import { remedyFor } from './healing.ts';
import { type Ends, look, lookAtOne, notFound, planFor } from './look-at-conflicts.ts';
import { hasMoved, refreshOf } from './refresh-conflict.ts';
import { type DecisionRequest, decidedBefore, type Meant, meantBy, mergeFor, resolutionOf } from './weigh-decision.ts';

/** What became of a conflict; the rows of one that is stale are not held, because there may be many. */
export type Decided = Pick<DecisionOutcome, 'outcome' | 'conflict'>;

/** What became of each conflict, by id; an error is its own and leaves it open. Those that are not in it were not met. */
export type Decisions = Map<string, Decided | SyncError>;

/** Where and when conflicts are decided. `inTime`: false ends it after the batch at hand; `stale` is told of stale ones. */
export interface Sitting {
  readonly job: Job;
  readonly ends: Ends;
  readonly nowMs: number;
  readonly inTime: () => boolean;
  readonly stale?: (images: ConflictImages) => void;
}

/** A request with the conflict as the target has it. */
interface Waiting {
  readonly request: DecisionRequest;
  readonly conflict: Conflict;
}

interface Ready {
  readonly sight: Sight;
  readonly request: DecisionRequest;
  readonly resolution: Resolution;
}

const idOf = ({ request }: Pick<Waiting, 'request'>) => request.conflict.conflict_id;

/** Those that have moved are shown as they are now, and closed where both sides have come to agree. */
async function refuseStale(
  stale: readonly { readonly sight: Sight; readonly request: DecisionRequest }[],
  sitting: Sitting,
  decisions: Decisions,
): Promise<void> {
  const { ends } = sitting;
  const moved = stale.filter(({ sight }) => hasMoved(sight));
  const fresh = await ends.target.refreshConflicts(moved.map(({ sight, request }) => refreshOf(sight, request.actor)));
  for (const { sight, request } of stale) {
    const conflict = fresh.get(idOf({ request })) ?? sight.conflict;
    const closed = conflict.state !== 'open';
    decisions.set(
      idOf({ request }),
      closed ? decidedBefore(conflict, request.decision) : { outcome: 'stale', conflict },
    );
    if (!closed) sitting.stale?.(imagesOf(sight));
  }
}

/** Whether nothing can be decided on what both sides are now. */
function isStale(sight: Sight, { expected }: DecisionRequest): boolean {
  const now = sidesOf(sight);
  if (expected) return now.source !== expected.source || now.target !== expected.target;
  return hasMoved(sight) && now.source === now.target; // they have come to agree: there is nothing to decide
}

/** Runs `work`; an error that is the conflict's own is its decision. */
function weighed<T>(id: string, decisions: Decisions, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    decisions.set(id, error);
    return undefined;
  }
}

/** A merge that was refused says which given values are at fault: each is tried by itself. */
async function explained(
  plan: ThreeWayPlan,
  { row, meant }: { readonly row: MergeRow | undefined; readonly meant: Meant },
  merged: MergedRow | undefined,
  target: Ends['target'],
): Promise<MergedRow | undefined> {
  if (!row || !merged || !('refused' in merged) || 'side' in meant) return merged;
  const given = [...meant.values.keys()];
  const alone = given.map((i): MergeRow => ({ ...row, fields: new Map([[i, 'source']]) }));
  const tried = await target.merge(plan, alone);
  const misfits = given.flatMap((i, at) => (tried[at] && 'refused' in tried[at] ? (plan.columns[i]?.name ?? []) : []));
  return { ...merged, misfits };
}

/** What is to be written for each; those that cannot be decided so are noted. */
async function weigh(
  plan: ThreeWayPlan,
  asked: readonly { readonly sight: Sight; readonly request: DecisionRequest }[],
  { ends, nowMs }: Sitting,
  decisions: Decisions,
): Promise<readonly Ready[]> {
  const meant = asked.flatMap(({ sight, request }) => {
    const id = idOf({ request });
    const found = weighed(id, decisions, (): { meant: Meant; row: MergeRow | undefined } => {
      const meaning = meantBy(sight, request.decision, nowMs);
      return { meant: meaning, row: mergeFor(sight, meaning) };
    });
    return found ? [{ sight, request, ...found }] : [];
  });
  const merges = meant.filter((m) => m.row !== undefined);
  const rows = await ends.target.merge(
    plan,
    merges.flatMap((m) => m.row ?? []),
  );
  const merged = new Map<string, MergedRow | undefined>();
  for (const [i, m] of merges.entries()) merged.set(idOf(m), await explained(plan, m, rows[i], ends.target));
  return meant.flatMap(({ sight, request, meant }) => {
    const id = idOf({ request });
    const resolution = weighed(id, decisions, () => resolutionOf(sight, request, { meant, merged: merged.get(id) }));
    return resolution ? [{ sight, request, resolution }] : [];
  });
}

/** Whether fewer rows may go where these did not. What a row has moved under is its own; what is waited for is not. */
const isOfRows = (error: unknown): error is SyncError =>
  error instanceof SyncError &&
  (error.code === 'target_moving' || (error.code !== 'target_busy' && remedyFor(error) !== 'retry'));

/** Deadlocks and serialization failures in a row that are no coincidence any more. */
const TRIES = 3;

/** Runs a transaction again that the server rolled back for another's sake: deciders of the same rows, or an application. */
async function unlessRolledBack<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const sqlstate = error instanceof SyncError && error.facts.sqlstate;
      if ((sqlstate !== '40P01' && sqlstate !== '40001') || tries === TRIES) throw error;
    }
  }
}

/**
 * Applies decisions of one table in one transaction; where the target refuses that, in halves, until the one at fault stands
 * alone. Its error is its own, and a row that moved meanwhile is stale.
 */
async function apply(ready: readonly Ready[], sitting: Sitting, decisions: Decisions): Promise<void> {
  const [first, ...rest] = ready;
  if (!first) return;
  const { ends, job } = sitting;
  try {
    const resolutions = [first.resolution, ...rest.map((r) => r.resolution)] as const;
    const resolved = await unlessRolledBack(() => ends.target.resolve(resolutions, ends.source));
    for (const { request } of ready) {
      const { won, conflict } = resolved.get(idOf({ request })) ?? {};
      decisions.set(
        idOf({ request }),
        !conflict ? notFound() : won ? { outcome: 'applied', conflict } : decidedBefore(conflict, request.decision),
      );
    }
  } catch (error) {
    if (!isOfRows(error)) throw error;
    if (rest.length > 0) {
      const half = Math.ceil(ready.length / 2);
      await apply(ready.slice(0, half), sitting, decisions);
      if (sitting.inTime()) await apply(ready.slice(half), sitting, decisions);
      return;
    }
    if (error.code !== 'target_moving') return void decisions.set(idOf(first), error);
    await refuseStale([{ request: first.request, sight: await lookAtOne(job, ends, idOf(first)) }], sitting, decisions);
  }
}

/** Decides some conflicts of one table, from the first on; answers how many. */
async function decideSome(
  plan: ThreeWayPlan,
  waiting: readonly Waiting[],
  sitting: Sitting,
  decisions: Decisions,
): Promise<number> {
  const sights = await look(
    sitting,
    plan,
    waiting.map((w) => w.conflict),
  );
  const stale: { readonly sight: Sight; readonly request: DecisionRequest }[] = [];
  const asked: { readonly sight: Sight; readonly request: DecisionRequest }[] = [];
  for (const [i, sight] of sights.entries()) {
    const { request } = waiting[i] as Waiting; // one for each
    if (sight instanceof SyncError) decisions.set(idOf({ request }), sight);
    else (isStale(sight, request) ? stale : asked).push({ sight, request });
  }
  await refuseStale(stale, sitting, decisions);
  await apply(await weigh(plan, asked, sitting, decisions), sitting, decisions);
  return sights.length;
}

/**
 * Decides conflicts of one pair, each once: in one transaction of the target for each table and some 8 MiB of rows, that locks
 * the conflicts, requires both sides to be as expected, and takes rows, bases and records together. A conflict that is not open
 * any more is not decided again. Throws what concerns more than one conflict: `target_busy`, what a server says.
 */
export async function decideConflicts(requests: readonly DecisionRequest[], sitting: Sitting): Promise<Decisions> {
  const { ends, inTime } = sitting;
  const decisions: Decisions = new Map();
  const known = await ends.target.conflictsOf(requests.map((request) => idOf({ request })));
  const waiting: Waiting[] = [];
  for (const request of requests) {
    const conflict = known.get(idOf({ request }));
    if (!conflict) decisions.set(idOf({ request }), notFound());
    else if (conflict.state !== 'open') decisions.set(idOf({ request }), decidedBefore(conflict, request.decision));
    else waiting.push({ request, conflict });
  }
  for (const [, all] of Map.groupBy(waiting, ({ conflict }) => `${conflict.seen_by} ${conflict.table}`)) {
    const [first] = all;
    const plan = first && (await planFor(first.conflict, ends.target));
    if (!plan) for (const w of all) decisions.set(idOf(w), notFound());
    for (let at = 0; plan && at < all.length && inTime(); )
      at += await decideSome(plan, all.slice(at), sitting, decisions);
  }
  return decisions;
}
