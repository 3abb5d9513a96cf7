import type { BucketRun, BucketSum, Difference, RowKey } from '../model/change.ts';
import type { SegmentReader } from '../ports.ts';

/** What a strategy found in consecutive buckets; buckets come in ascending order and never twice. */
export interface Finding {
  /** Every bucket up to this one has been looked at. */
  readonly through: number;
  /** Keys alike on both sides in the buckets since the last finding, by bucket where differences were found too. */
  readonly equal: number;
  readonly differences: readonly Difference[];
  /** Buckets found equal by their sums, where the strategy compares sums; `equal` counts their rows too. */
  readonly same?: readonly BucketSum[];
  /** Buckets whose target rows were all looked at, and the keys in them that are alike on both sides. */
  readonly opened?: { readonly buckets: readonly number[]; readonly equal: readonly RowKey[] };
}

/** A way to find what differs between two sides of a segment. */
export interface DetectionStrategy {
  readonly name: string;
  /** What it sees and what it reads, for people. */
  readonly summary: string;
  /** What of a row it compares; `key` never sees contents, and the job says so. */
  readonly compares: 'row' | 'key';
  /** Looks at buckets above `after`. `runs`: only at these. */
  detect(
    source: SegmentReader,
    target: SegmentReader,
    scope: { readonly after: number; readonly runs?: readonly BucketRun[] },
  ): AsyncIterable<Finding>;
}
