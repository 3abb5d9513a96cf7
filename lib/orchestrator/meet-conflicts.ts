import { createHash } from 'node:crypto';
import { fp } from '../failpoint.ts';
import type { Conflict, DecisionOutcome } from '../model/conflict.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { ListedConflict, Resolution, ResolutionCounts } from '../model/resolution.ts';
import type { ConflictStore } from '../ports.ts';
import type { Decided, DecisionRequest, Decisions, ResolvePorts } from './resolve-conflict.ts';

/** What meeting the conflicts of an order needs of the outside. */
export interface MeetPorts extends ResolvePorts {
  readonly conflicts: ConflictStore;
  /** As `applyDecisions`. */
  readonly decide: (
    requests: readonly DecisionRequest[],
    ports: ResolvePorts,
    inTime: () => boolean,
  ) => Promise<Decisions>;
  readonly inTime: () => boolean;
}

/** Errors that are the conflict's own: it stays open, the others go on. */
const OF_ONE: readonly ErrorCode[] = [
  'row_rejected',
  'trigger_interfered',
  'decision_invalid',
  'conflict_not_found',
  'resume_expired',
];

/** What both sides are, in short: a conflict that a later job has only seen again is still the same. */
export const seenAs = ({ prints }: Pick<Conflict, 'prints'>): string =>
  createHash('sha256')
    .update(JSON.stringify([prints.source, prints.target]))
    .digest('base64url')
    .slice(0, 12);

/** What goes into the record of each decision: whoever reads it finds the order, and a step knows its own work again. */
const noteOf = ({ resolution_id, note }: Resolution): string =>
  `${note ? `${note} ` : ''}(resolve-all ${resolution_id})`;

type Met = { readonly count: keyof ResolutionCounts; readonly code?: string };

const MET: Readonly<Record<DecisionOutcome['outcome'], Met>> = {
  applied: { count: 'applied' },
  stale: { count: 'stale', code: 'conflict_stale' },
  already_resolved: { count: 'already_resolved' },
};

/** What a look at the stored conflict says already; undefined: it is to be decided. */
function metBefore(stored: Conflict | undefined, listed: ListedConflict, resolution: Resolution): Met | undefined {
  if (!stored) return { count: 'failed', code: 'conflict_not_found' };
  if (stored.state !== 'open') return metClosed(stored, resolution);
  return resolution.if_moved === 'decide' || seenAs(stored) === listed.seen ? undefined : MET.stale;
}

/** A step that was done again finds its own decisions. */
const metClosed = ({ decision }: Conflict, resolution: Resolution): Met =>
  decision?.note === noteOf(resolution) ? MET.applied : MET.already_resolved;

/** What a decision came to. Throws what concerns more than this one. */
function metBy(decided: Decided | SyncError, resolution: Resolution): Met {
  if (!(decided instanceof SyncError))
    return decided.conflict.state === 'open' ? MET[decided.outcome] : metClosed(decided.conflict, resolution);
  if (OF_ONE.includes(decided.code)) return { count: 'failed', code: decided.code };
  throw decided;
}

const requestOf = (stored: Conflict, resolution: Resolution): DecisionRequest => ({
  conflict: stored,
  decision: resolution.decision,
  ...(resolution.if_moved !== 'decide' && {
    expected: { source: stored.prints.source, target: stored.prints.target },
  }),
  actor: resolution.actor,
  note: noteOf(resolution),
});

/** Decides conflicts as they were listed: what became of each, from the first on, and what kept it from the others. */
export async function meet(
  some: readonly ListedConflict[],
  resolution: Resolution,
  ports: MeetPorts,
): Promise<{ readonly met: readonly Met[]; readonly trouble?: SyncError }> {
  const met: Met[] = [];
  try {
    const stored = await ports.conflicts.getMany(some.map((c) => c.conflict_id));
    const before = some.map((listed) => metBefore(stored.get(listed.conflict_id), listed, resolution));
    const requests = some.flatMap(({ conflict_id }, i) => {
      const conflict = before[i] ? undefined : stored.get(conflict_id);
      return conflict ? [requestOf(conflict, resolution)] : [];
    });
    const decided = requests.length > 0 ? await ports.decide(requests, ports, ports.inTime) : new Map();
    await fp('resolution.decided');
    for (const [i, { conflict_id }] of some.entries()) {
      const own = decided.get(conflict_id);
      const found = before[i] ?? (own && metBy(own, resolution));
      if (!found) break; // the time was up
      met.push(found);
    }
    return { met };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error; // as good as a death: the stride is done again
    return { met, trouble: error };
  }
}
