import type { RowCode } from './row-code.ts';

/** Key values in key order, as PostgreSQL text. */
export type RowKey = readonly string[];

/** 128 bits that stand for the mapped columns of one row, as text. */
export type Fingerprint = string;

/** In place of a fingerprint: some value of the row could not be computed, so it is like no other row. */
export const NOT_COMPUTABLE: Fingerprint = 'null:null';

/** An identity for a key that no other key has; for use in maps only. */
export function keyId(key: RowKey): string {
  return key.length === 1 ? (key[0] as string) : JSON.stringify(key); // length is 1
}

/** One key that is not alike on both sides. */
export type Difference =
  | { readonly kind: 'source_only'; readonly bucket: number; readonly key: RowKey; readonly source: Fingerprint }
  | { readonly kind: 'target_only'; readonly bucket: number; readonly key: RowKey; readonly target: Fingerprint }
  | {
      readonly kind: 'both_differ';
      readonly bucket: number;
      readonly key: RowKey;
      readonly source: Fingerprint;
      readonly target: Fingerprint;
      /** Positions of the columns that differ, where the strategy has looked. */
      readonly fields?: readonly number[];
    };

/** A row with its values, in mapping order, as PostgreSQL text. */
export interface RowImage {
  readonly key: RowKey;
  readonly fingerprint: Fingerprint;
  readonly values: readonly (string | null)[];
  /** Too large to be held: `values` is empty, and the row is piped from the source when it is written. */
  readonly streamed?: true;
  /** Where the plan decides conflicts: what stands for each column, and the update column (see `KeyedPrint`). */
  readonly fields?: readonly string[];
  readonly clock?: string;
}

/** The rows of a list of keys, as many from the first on as were to be held at once. */
export interface FetchedRows {
  readonly rows: readonly RowImage[];
  /** Keys of rows that are larger than any that is written row by row. */
  readonly tooLarge: readonly RowKey[];
  /** Rows of which a value could not be computed: the column, and the code of it. */
  readonly failed: readonly { readonly key: RowKey; readonly code: RowCode; readonly object: string }[];
  /** How many of the keys were looked at, from the first; the others are for the next call. */
  readonly covered: number;
}

/**
 * What would make the target follow the source. `expected` is the target fingerprint the decision was made on. `partly`:
 * some values are left out for now, so the row is not yet what its fingerprint says.
 */
export type Change =
  | { readonly kind: 'insert'; readonly row: RowImage; readonly partly?: boolean }
  | {
      readonly kind: 'update';
      readonly row: RowImage;
      readonly expected: Fingerprint;
      readonly partly?: boolean;
      /** The row is made of both sides: its base is filed apart, and no part of it is left out. */
      readonly merged?: boolean;
    }
  | { readonly kind: 'delete'; readonly key: RowKey; readonly expected: Fingerprint };

/** One aggregate over the rows of a bucket. Equal count and hash on both sides: equal rows. */
export interface BucketSum {
  readonly bucket: number;
  readonly rows: number;
  readonly hash: string;
}

/** A run of buckets `[first, last]`, both included. */
export type BucketRun = readonly [first: number, last: number];

/** Joins sorted or unsorted buckets into the fewest runs. */
export function toRuns(buckets: readonly number[]): BucketRun[] {
  const runs: [number, number][] = [];
  for (const b of [...buckets].sort((x, y) => x - y)) {
    const last = runs.at(-1);
    if (last && b <= last[1] + 1) last[1] = Math.max(last[1], b);
    else runs.push([b, b]);
  }
  return runs;
}

/** Whether no bucket is in two of the runs: read twice, its rows would cancel each other in the sum. */
export function disjoint(runs: readonly BucketRun[]): boolean {
  const sorted = [...runs].sort(([a], [b]) => a - b);
  return sorted.every(([first], i) => i === 0 || first > (sorted[i - 1] as BucketRun)[1]); // i > 0 has one before
}

/** Key and fingerprint of a row that was opened. */
export interface KeyedFingerprint {
  readonly bucket: number;
  readonly key: RowKey;
  readonly fingerprint: Fingerprint;
}

/** A row of a window, with its stamp as text where it has a usable one. */
export interface StampedRow extends KeyedFingerprint {
  readonly stamp?: string;
}

/** A row read for a comparison value by value: canonical texts in mapping order. */
export interface ReadRow extends KeyedFingerprint {
  readonly canonical: readonly (string | null)[];
  /** Of a table without a key, where a row stands for all its copies and its key is that of the whole row. */
  readonly copies?: number;
}
