import type { BucketSum, Fingerprint, RowKey } from './change.ts';
import type { FiledBase } from './print.ts';
import type { RelationName, Segment } from './table.ts';

/** Whose keys are remembered: one table of a pair, within the rows that the filters let through. */
export interface PairTable {
  /** The source database: `system_identifier` of its server, and the oid of the database. */
  readonly source: { readonly system: string; readonly database: string };
  readonly sourceTable: RelationName;
  readonly targetTable: RelationName;
  /** The row filters, as text; other filters are another pair. */
  readonly scope: string;
}

/** One layout of a pair's table, and the keys that were filed under it. */
export interface Generation {
  readonly id: number;
  /** What the key hashes depend on; keys filed under another stamp cannot be compared. */
  readonly stamp: string;
  readonly layout: readonly Segment[];
  /** A job filed every key under it, so earlier generations know nothing more. */
  readonly whole: boolean;
  /** Where the rows of the last decisions are filed, and what their prints depend on; absent where nobody asked for them. */
  readonly base?: { readonly id: number; readonly stamp: string };
}

/** What Prepare changes in the baselines, in the transaction that stores the plans. */
export interface BaselineChanges {
  readonly begin: readonly {
    readonly id: number;
    readonly pair: PairTable;
    readonly stamp: string;
    readonly layout: readonly Segment[];
    readonly base?: NonNullable<Generation['base']>;
  }[];
  /** Pairs whose rows are written without asking what the last decision was: their bases are dropped. */
  readonly unbase: readonly PairTable[];
  /** Generations that nobody reads any more. */
  readonly drop: readonly number[];
  /** Target tables of which every baseline is dropped, whatever pair it belongs to. */
  readonly forget: readonly RelationName[];
}

/** What a plan says of the baseline of its table. */
export interface PlannedBaseline {
  /** The generation whose layout the segments are; absent in a dry run that found none. */
  readonly own?: number;
  /** Earlier generations of the same stamp that may know keys which the own one does not yet. */
  readonly older: readonly number[];
  /** Keys are filed; false in a dry run. */
  readonly keep: boolean;
}

/** Keys of opened buckets: what the target has in them, and which of it is alike on both sides. */
export interface OpenedBuckets {
  readonly buckets: readonly number[];
  readonly equal: readonly RowKey[];
  /** Keys of target rows that are not alike. */
  readonly others: readonly RowKey[];
}

/** What a chunk files besides the keys of the rows it writes. */
export interface Adoption {
  /** Buckets found equal; keys are filed where the target still has this sum. */
  readonly equal?: readonly BucketSum[];
  readonly opened?: OpenedBuckets;
  /** Buckets in which neither side has a row. */
  readonly vanished?: readonly number[];
  /** Rows found equal one by one, where their bases are filed: filed where the target still has this fingerprint. */
  readonly alike?: readonly { readonly key: RowKey; readonly fingerprint: Fingerprint }[];
  /** Rows that count as equal though they are not the same. */
  readonly bases?: readonly FiledBase[];
}
