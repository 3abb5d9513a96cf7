import type { RowCode } from './row-code.ts';
import type { RelationName } from './table.ts';

/** Why a row has no value for a column of the target: which column, and the code that it goes into quarantine with. */
export interface Fallible {
  readonly column: string;
  readonly code: RowCode;
}

/** How a table of the target is selected from one of the source (docs/adr/0015). Written into the plan by Prepare. */
export interface PlannedSelect {
  /** Select list over the source table as `s`, each expression under the name of a column of the target. */
  readonly list: string;
  /** Columns that simply are a column of the source, by their name in the target: an index of the source finds them. */
  readonly plain: Readonly<Record<string, string>>;
  /** What may not be computable; a row's mark is the position in here, from 1. */
  readonly fallible: readonly Fallible[];
  /** SQL of the mark, NULL where all values of the row could be computed; absent where `fallible` is empty. */
  readonly mark?: string;
  /** A unique index of the source finds a row by its key. Without it each look by key is a scan. */
  readonly indexed: boolean;
  /** Changes with what the config says about the table, not with what its lookups held when the job was prepared. */
  readonly version: string;
  /** What a person should know: columns of the source that go nowhere, a key that no index finds. */
  readonly notes: readonly string[];
}

/** What a mapping says of a table that is made of another one; its columns are those of the target. */
export interface Mapped {
  readonly from: RelationName;
  readonly select: PlannedSelect;
  /** Columns whose values are masked. */
  readonly masked: readonly string[];
  /** Columns of the source that a column is made of, where it is not masked. */
  readonly uses: Readonly<Record<string, readonly string[]>>;
}
