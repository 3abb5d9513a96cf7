import type { Verdict } from '../conflict-resolver/classify.ts';
import type { Action } from '../conflict-resolver/decide.ts';
import type { Change, Difference, RowImage, RowKey } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';
import type { ConflictState, ConflictType, DecisionRecord } from '../model/conflict.ts';
import type { PlannedConflicts } from '../model/conflict-plan.ts';
import type { BackDraft } from '../model/intent.ts';
import type { BasePrints, FiledBase, KeyedPrint, RowPrint } from '../model/print.ts';
import type { TablePlan } from '../model/table.ts';
import type { ConflictDraft, RowReader, TargetDatabase } from '../ports.ts';

/** Where rows are decided: in a job's segment, or one by one by somebody. */
export interface Court {
  readonly plan: TablePlan & { readonly conflicts: PlannedConflicts };
  readonly source: Pick<RowReader, 'rows' | 'prints'>;
  readonly target: Pick<RowReader, 'rows' | 'prints'>;
  readonly database: Pick<TargetDatabase, 'bases' | 'merge'>;
  readonly deleteMode: 'tracked' | 'mirror' | 'keep';
  /** Which of these target-only keys are known to have come from the source, whatever else is known of them. */
  readonly known: (keys: readonly RowKey[]) => Promise<readonly RowKey[]>;
  readonly nowMs: number;
}

/** A decision for the record; the chunk adds who and when. */
export type Ruled = {
  readonly conflict_id: string;
  readonly key: RowKey;
  readonly type: ConflictType | 'merge' | 'target_edit';
} & Pick<DecisionRecord, 'rule' | 'winner' | 'fields' | 'inputs' | 'before' | 'after'>;

/** What a run of differences comes to. */
export interface Arbitration {
  readonly changes: readonly Change[];
  readonly refused: readonly QuarantinedRow[];
  /** How many of the differences this stands for, from the first. */
  readonly covered: number;
  readonly bases: readonly FiledBase[];
  readonly raise: readonly ConflictDraft[];
  readonly close: readonly { readonly conflict_id: string; readonly state: ConflictState }[];
  /** Rows that the source is to get, where the job writes to both sides. */
  readonly back: readonly BackDraft[];
  readonly ruled: readonly Ruled[];
  /** Target-only rows that are to be deleted when their turn comes; and rows of the source alone that are to be deleted there. */
  readonly gone: readonly Difference[];
  /** Rows that stay as they are, those that are to be deleted among them; rows that have become equal. */
  readonly kept: number;
  readonly equal: number;
  /** Keys whose rows stay as the target has them and differ for a reason that has a name. */
  readonly explained: readonly RowKey[];
}

/** A key with all that is known of it. */
export interface Case {
  readonly difference: Difference;
  readonly source: RowImage | undefined;
  readonly target: KeyedPrint | undefined;
  readonly base: BasePrints | undefined;
  readonly verdict: Verdict;
  readonly action: Action;
}

export const printOfImage = (row: RowImage | undefined): RowPrint | null =>
  row ? { row: row.fingerprint, fields: row.fields ?? [] } : null;
