import type { ConflictType } from '../model/conflict.ts';

/** A column that differs, and who changed it since the last decision; undefined: nobody knows. */
export interface DifferingField {
  readonly column: string;
  readonly changedBy?: 'source' | 'target' | 'both' | undefined;
}

/** What a suggestion goes by. */
export interface Dispute {
  readonly type: ConflictType;
  readonly source: boolean;
  readonly target: boolean;
  readonly differing: readonly DifferingField[];
  /** Of the column that says when a row was last changed: which side is later; undefined: no telling. */
  readonly later?: 'source' | 'target' | undefined;
}

type Side = 'source' | 'target';

export interface Suggestion {
  readonly decision?: { readonly side: Side } | { readonly fields: Readonly<Record<string, { readonly side: Side }>> };
  readonly reason: string;
}

function ofOneRow({ type, source }: Dispute): Suggestion {
  if (type === 'update_deleted' && source)
    return {
      decision: { side: 'source' },
      reason: 'The target deleted the row before the source changed it. A row that is kept can still be deleted.',
    };
  if (type === 'delete_updated' && !source)
    return {
      decision: { side: 'target' },
      reason:
        'The source deleted the row, and the target may have changed it. A row that is kept can still be deleted.',
    };
  return {
    decision: { side: source ? 'source' : 'target' },
    reason: 'Only one side has the row now. A row that is kept can still be deleted.',
  };
}

const sideOf = ({ changedBy }: DifferingField): Side | undefined => (changedBy === 'both' ? undefined : changedBy);

/**
 * What somebody who decides may take over, and why; no decision where nothing tells which side is right. A side that alone
 * changed a column is taken for it; where both did, or nobody knows, the side that was changed later. Pure.
 */
export function suggest(dispute: Dispute): Suggestion {
  const { source, target, differing, later } = dispute;
  if (!source && !target) return { reason: 'Neither side has the row any more: there is nothing to decide.' };
  if (!source || !target) return ofOneRow(dispute);
  if (differing.length === 0) return { reason: 'Both sides are alike by now: there is nothing to decide.' };
  const open = differing.filter((f) => sideOf(f) === undefined);
  const sides = new Set(differing.map((f) => sideOf(f) ?? later));
  if (open.length > 0 && later === undefined)
    return {
      reason: `Both sides may have changed ${open.map((f) => f.column).join(', ')}, and nothing says which is later.`,
    };
  const [only] = sides;
  const why =
    open.length === 0
      ? 'Each column was changed on one side only since the last decision.'
      : `The ${later} was changed later; ${open.length === differing.length ? '' : 'other columns were changed on one side only; '}clocks are not proof.`;
  if (sides.size === 1 && only !== undefined) return { decision: { side: only }, reason: why };
  const fields = differing.map((f) => [f.column, { side: sideOf(f) ?? later ?? 'target' }] as const);
  return { decision: { fields: Object.fromEntries(fields) }, reason: why };
}
