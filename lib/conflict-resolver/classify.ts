import type { ConflictType } from '../model/conflict.ts';
import type { BasePrints, RowPrint } from '../model/print.ts';

/** How one side compares with itself at the last decision. `there` and `none`: there is nothing to compare with. */
type Move = 'there' | 'none' | 'same' | 'changed' | 'gone' | 'new';

/** What is known of the last decision: nothing, that neither side had the row, or which sides had it. */
export type BaseKind = 'unknown' | 'neither' | 'both' | 'source' | 'target';

/**
 * `equal`: nothing to decide. `apply`: only the source changed. `target_edit`: only the target changed. `settled`: they differ
 * as they were decided, and neither has changed since. `target_only`: never seen in the source. `by_field`: both changed, or a
 * row that differs by decision changed in the source; the columns decide. `given_up`: the source deleted a row; of one that
 * differed by decision a conflict.
 */
export type Cell =
  | 'equal'
  | 'apply'
  | 'target_edit'
  | 'settled'
  | 'target_only'
  | 'by_field'
  | 'given_up'
  | Exclude<ConflictType, 'unique_violation' | 'fk_violation'>;

type Moves<S extends Move, T extends Move> = Readonly<Record<S, Readonly<Record<T, Cell>>>>;

/** Every case, by what is known, how the source moved and how the target did. */
export const CASES: {
  readonly unknown: Moves<'there' | 'none', 'there' | 'none'>;
  readonly neither: Moves<'new' | 'none', 'new' | 'none'>;
  readonly both: Moves<'same' | 'changed' | 'gone', 'same' | 'changed' | 'gone'>;
  readonly source: Moves<'same' | 'changed' | 'gone', 'new' | 'none'>;
  readonly target: Moves<'new' | 'none', 'same' | 'changed' | 'gone'>;
} = {
  unknown: {
    there: { there: 'update_differing', none: 'apply' },
    none: { there: 'target_only', none: 'equal' },
  },
  neither: {
    new: { new: 'insert_exists', none: 'apply' },
    none: { new: 'target_only', none: 'equal' },
  },
  both: {
    same: { same: 'settled', changed: 'target_edit', gone: 'target_edit' },
    changed: { same: 'by_field', changed: 'by_field', gone: 'update_deleted' },
    gone: { same: 'given_up', changed: 'delete_updated', gone: 'equal' },
  },
  source: {
    same: { new: 'target_edit', none: 'settled' },
    changed: { new: 'update_differing', none: 'update_deleted' },
    gone: { new: 'delete_updated', none: 'equal' },
  },
  target: {
    new: { same: 'insert_exists', changed: 'insert_exists', gone: 'apply' },
    none: { same: 'settled', changed: 'target_edit', gone: 'equal' },
  },
};

/** Columns that differ, by whose change each is; positions in mapping order. */
export interface FieldSplit {
  /** Both changed them, or nobody knows who did. */
  readonly contested: readonly number[];
  /** Only the source changed them. */
  readonly fromSource: readonly number[];
  /** Only the target changed them, or they were left different by an earlier decision. */
  readonly fromTarget: readonly number[];
}

export type Verdict =
  | { readonly kind: 'equal' | 'apply' | 'target_edit' | 'settled' | 'target_only' }
  | { readonly kind: 'merge'; readonly split: FieldSplit }
  | {
      readonly kind: 'conflict';
      readonly type: Exclude<ConflictType, 'unique_violation' | 'fk_violation'>;
      readonly split: FieldSplit;
    };

const kindOf = (base: BasePrints | undefined): BaseKind =>
  base === undefined ? 'unknown' : base.source ? (base.target ? 'both' : 'source') : base.target ? 'target' : 'neither';

function moveOf(known: boolean, before: RowPrint | null, now: RowPrint | null): Move {
  if (!known) return now ? 'there' : 'none';
  if (!before) return now ? 'new' : 'none';
  if (!now) return 'gone';
  return now.row === before.row ? 'same' : 'changed';
}

/** Whose change each differing column is. Without a base every one is contested. Pure. */
export function splitFields(base: BasePrints | undefined, source: RowPrint, target: RowPrint): FieldSplit {
  const contested: number[] = [];
  const fromSource: number[] = [];
  const fromTarget: number[] = [];
  for (const [i, field] of source.fields.entries()) {
    if (field === target.fields[i]) continue;
    const [s, t] = [base?.source?.fields[i], base?.target?.fields[i]];
    const bySource = s === undefined || field !== s;
    const byTarget = t === undefined || target.fields[i] !== t || s !== t;
    (bySource === byTarget ? contested : bySource ? fromSource : fromTarget).push(i);
  }
  return { contested, fromSource, fromTarget };
}

const NO_FIELDS: FieldSplit = { contested: [], fromSource: [], fromTarget: [] };

function byField(split: FieldSplit): Verdict {
  if (split.contested.length > 0) return { kind: 'conflict', type: 'update_differing', split };
  if (split.fromSource.length === 0) return { kind: 'target_edit' }; // it has all of the source's changes already
  return split.fromTarget.length === 0 ? { kind: 'apply' } : { kind: 'merge', split };
}

/**
 * What has happened to a row since the last decision: a total, pure function of both sides and the base. `base` undefined:
 * not known; both of its sides null: known that neither had the row.
 */
export function classify(base: BasePrints | undefined, source: RowPrint | null, target: RowPrint | null): Verdict {
  if (source?.row === target?.row) return { kind: 'equal' };
  const kind = kindOf(base);
  const known = base !== undefined;
  const s = moveOf(known, base?.source ?? null, source);
  const t = moveOf(known, base?.target ?? null, target);
  const cell = (CASES[kind] as Partial<Record<Move, Partial<Record<Move, Cell>>>>)[s]?.[t];
  if (cell === undefined) throw new TypeError(`no case for ${kind}, ${s}, ${t}`);
  const split = source && target ? splitFields(base, source, target) : NO_FIELDS;
  switch (cell) {
    case 'by_field':
      return byField(split);
    case 'given_up':
      return base?.source?.row === base?.target?.row
        ? { kind: 'apply' }
        : { kind: 'conflict', type: 'delete_updated', split };
    case 'insert_exists':
    case 'update_differing':
      // what the sides differ in is what is contested, whoever changed it
      return { kind: 'conflict', type: cell, split: { ...NO_FIELDS, contested: allOf(split) } };
    case 'update_deleted':
    case 'delete_updated':
      return { kind: 'conflict', type: cell, split };
    default:
      return { kind: cell };
  }
}

const allOf = ({ contested, fromSource, fromTarget }: FieldSplit) =>
  [...contested, ...fromSource, ...fromTarget].sort((a, b) => a - b);
