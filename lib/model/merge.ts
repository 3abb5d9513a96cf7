import type { RowImage, RowKey } from './change.ts';
import type { FieldRule } from './conflict-plan.ts';

/** Where the value of a merged column comes from, or how it is made of both. */
export type FieldChoice = Exclude<FieldRule, 'newer' | 'manual'>;

/** A row to be merged: values of both sides in mapping order, and a choice for each column that is not the target's. */
export interface MergeRow {
  readonly key: RowKey;
  readonly source: readonly (string | null)[];
  readonly target: readonly (string | null)[];
  /** Values of the last decision by column, where they are kept. */
  readonly image?: Readonly<Record<string, string | null>>;
  readonly fields: ReadonlyMap<number, FieldChoice>;
}

/** What a merge comes to, with its print; or the SQLSTATE where the values do not go together. */
export type MergedRow =
  | { readonly row: RowImage }
  | {
      readonly refused: string;
      /** Columns of which the value that was given is at fault by itself. */
      readonly misfits?: readonly string[];
    };
