import { type Base, decide, type Policy, type Result, type Row, sameRow } from './three-way-oracle.ts';

// What a job in both directions should do with one row, from docs/conflicts.md and from nothing of the product.

export interface BothResult {
  readonly source: Row | null;
  readonly target: Row | null;
  readonly base: Base;
  readonly counted: string;
  readonly conflict?: string;
}

/** A row that the source had when both sides were first met and differed, and that it has deleted: nobody knows who changed it. */
function deletedUnknown(t: Row, policy: Policy): Result {
  const before = { ...t, a: `${t.a} before` };
  const result = decide({ source: before, target: before }, null, t, policy);
  return result.conflict === undefined ? result : { ...result, base: 'unknown' };
}

/** What both sides, the base and the counts are after a run. `met`: an unknown row that the source has had. */
export function decideBoth(
  base: Base,
  s: Row | null,
  t: Row | null,
  { met, ...policy }: Policy & { readonly met: boolean },
): BothResult {
  const doubtful = base === 'unknown' && met && s === null && t !== null;
  const one = doubtful ? deletedUnknown(t, policy) : decide(base, s, t, { ...policy, both: true });
  if (one.conflict !== undefined || one.counted === 'unchanged' || one.counted === 'none') return { source: s, ...one };
  const row = one.target;
  if (sameRow(row, s)) return { source: s, ...one };
  const keeps = policy.deleteMode === 'keep';
  const deletedInSource = s === null && (doubtful || (base !== 'unknown' && base.source !== null));
  if (keeps && (row === null || deletedInSource)) return { source: s, ...one };
  const counted =
    one.counted === 'updated'
      ? 'updated'
      : row === null
        ? 'source_deleted'
        : s === null
          ? 'source_inserted'
          : 'source_updated';
  return { source: row, target: row, base: { source: row, target: row }, counted };
}
