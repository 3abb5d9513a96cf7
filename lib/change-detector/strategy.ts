import type { BucketRun, BucketSum, Difference, Fingerprint, RowKey } from '../model/change.ts';
import type { PlannedChanges } from '../model/change-stream.ts';
import type { Position } from '../model/checkpoint.ts';
import type { Window } from '../model/table.ts';
import type { SegmentReader } from '../ports.ts';

/** What a strategy found since its last finding. */
export interface Finding {
  /** Every bucket up to this one has been looked at. */
  readonly through: number;
  /** Where a strategy that goes row by row stands after it. */
  readonly at?: Position;
  /** Keys alike on both sides; in the buckets since the last finding, by bucket where differences were found too. */
  readonly equal: number;
  /** Only keys were compared, all of them: what is alike was either looked at before, or is not looked at by this job. */
  readonly keysOnly?: boolean;
  readonly differences: readonly Difference[];
  /** Buckets found equal by their sums, where the strategy compares sums; `equal` counts their rows too. */
  readonly same?: readonly BucketSum[];
  /** Buckets whose target rows were all looked at, and the keys in them that are alike on both sides. */
  readonly opened?: { readonly buckets: readonly number[]; readonly equal: readonly RowKey[] };
  /** Rows that were looked at one by one and are alike. `source`: where a tolerance takes two fingerprints for one. */
  readonly alike?: readonly {
    readonly key: RowKey;
    readonly fingerprint: Fingerprint;
    readonly source?: Fingerprint;
  }[];
}

/** A finding of a job over a project. */
export interface ProjectFinding extends Finding {
  /** Rows that differ and that the job leaves as they are. */
  readonly left?: readonly RowKey[];
}

/** What a strategy is to look at. */
export interface Scope {
  /** Buckets above this one. */
  readonly after: number;
  /** Only these buckets. */
  readonly runs?: readonly BucketRun[];
  /** Only rows of this window; absent: all. */
  readonly window?: Window;
  /** Only rows whose keys wait in this stream of changes; absent: all. */
  readonly changes?: PlannedChanges;
  /** Where a look at a window was left. */
  readonly at?: Position;
  /** Only target-only rows are asked for. */
  readonly extraOnly?: boolean;
  /** Nothing of what was found before has been applied. */
  readonly dryRun?: boolean;
  /** Rows read at once where rows are read by the page. */
  readonly pageRows: number;
}

/** Finds what differs between two sides of a segment. Without a window, buckets come in ascending order and never twice. */
export type Detect = (source: SegmentReader, target: SegmentReader, scope: Scope) => AsyncIterable<Finding>;

/** What a strategy that compares everything sees, in whatever job. */
export const SEES_ALL = { inserts: 'always', updates: 'always', deletes: 'always', target_edits: 'always' } as const;

/** Most strategies need nothing but a key. */
export const NEEDS_NOTHING = { timestampColumn: false, openTransactions: false, changeStream: false } as const;
