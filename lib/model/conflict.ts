import * as z from 'zod';
import type { Fingerprint, RowKey } from './change.ts';
import type { ColumnType, RelationName } from './table.ts';

const TYPES = {
  insert_exists: 'Both sides have a row under a key that neither had at the last decision, and the rows differ.',
  update_differing: 'Both sides changed the same column to different values, or nobody knows what it was before.',
  update_deleted: 'The source changed a row that the target has deleted.',
  delete_updated: 'The source deleted a row that the target has changed, or may have changed.',
  unique_violation: 'The row needs a unique value that another row of the target holds.',
  fk_violation: 'The row refers to a row that is not there, or rows that stay refer to it.',
} as const;

/** What kind of disagreement it is; the names of PostgreSQL 18 where it has one. */
export type ConflictType = keyof typeof TYPES;

/** Each type with its meaning. */
export const CONFLICTS: Readonly<Record<ConflictType, string>> = TYPES;

export const CONFLICT_TYPES = Object.keys(TYPES) as [ConflictType, ...ConflictType[]]; // keys of the catalogue

const STATES = {
  open: 'It waits for a decision, across later runs.',
  resolved: 'Somebody decided it, and the decision was applied.',
  converged: 'Both sides came to agree, or a later job brought them in step.',
  superseded: 'The sides still differ, but it is no conflict any more: one of them went back, or a rule decided it.',
} as const;

export type ConflictState = keyof typeof STATES;

/** Each state with its meaning. */
export const CONFLICT_STATE_MEANINGS: Readonly<Record<ConflictState, string>> = STATES;

export const CONFLICT_STATES = Object.keys(STATES) as [ConflictState, ...ConflictState[]]; // keys of the catalogue

/** What one side has under a key: the row's fingerprint, or null where it has no row. */
export type SidePrint = Fingerprint | null;

/** A row as both sides and the last decision know it. `base` absent: it is not known. */
export interface ConflictPrints {
  readonly source: SidePrint;
  readonly target: SidePrint;
  /** The row as of the last decision, each side's own; null where that side had none. */
  readonly base?: { readonly source: SidePrint; readonly target: SidePrint };
}

/** A changed column as a list may show it: shortened, and masked where the column is tagged. Null is SQL NULL or no row. */
export interface PreviewField {
  readonly column: string;
  readonly source: string | null;
  readonly target: string | null;
  readonly masked?: boolean;
}

/**
 * How somebody decides one conflict: a side for the whole row (a side without the row: it is deleted, or stays so), or a
 * side or a value for each field that differs, or whatever a strategy by name decides now (refused where it leaves the
 * decision to people). `value` is PostgreSQL text; null is NULL. A field that is not named and does
 * not differ stays; one that differs and is not named is refused.
 */
export const conflictDecision = z.union([
  z.strictObject({ side: z.enum(['source', 'target']) }),
  z.strictObject({ strategy: z.string().min(1).max(50) }),
  z.strictObject({
    fields: z.record(
      z.string().min(1).max(200),
      z.union([
        z.strictObject({ side: z.enum(['source', 'target']) }),
        z.strictObject({ value: z.string().max(1_000_000).nullable() }),
      ]),
    ),
  }),
]);
export type ConflictDecision = z.infer<typeof conflictDecision>;

/** What a decision looked at, what it was, and what came of it. The audit trail and the closed conflict keep it. */
export interface DecisionRecord {
  /** `manual`, or the strategy and what of it decided, such as `newer_wins/later` or `field_level`. */
  readonly rule: string;
  /** A person or token, or the service itself. */
  readonly actor: string;
  /** ISO 8601, clock of the target database. */
  readonly at: string;
  readonly job_id: string;
  readonly note?: string;
  readonly winner: 'source' | 'target' | 'merged';
  /** Of a merge: whose value each field got. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly inputs: ConflictPrints & {
    /** Both sides' clocks (ISO 8601 in UTC; null: none), and how far apart they are, in milliseconds. */
    readonly clocks?: { readonly source: string | null; readonly target: string | null; readonly skew_ms?: number };
  };
  /** The target's row before and after. */
  readonly before: SidePrint;
  readonly after: SidePrint;
  /** A digest of what somebody asked for, so that asking again is known again; the values are in the row alone. */
  readonly asked?: string;
}

/** One conflict, as the store keeps it. No row value but the preview's. */
export interface Conflict {
  /** `conflictId` of the pair, the table and the key: the same in every job that meets it. */
  readonly conflict_id: string;
  /** Grows with every change of what stands here, not by one; a store takes no version older than the one it has. */
  readonly version: number;
  /** Source and target database and table; conflicts of one pair are found by it. */
  readonly pair: string;
  readonly table: string;
  readonly key: RowKey;
  readonly type: ConflictType;
  readonly state: ConflictState;
  /** Why it is one, for people: ids, columns, codes; no value. */
  readonly reason: string;
  readonly prints: ConflictPrints;
  /** Columns that differ between the sides; empty where one side has no row. */
  readonly changed: readonly string[];
  readonly preview: readonly PreviewField[];
  /** The job that met it first, and the last one that has seen it: both list it. */
  readonly opened_by: string;
  readonly seen_by: string;
  /** ISO 8601, clock of the target database. */
  readonly opened_at: string;
  readonly seen_at: string;
  readonly closed_at?: string;
  /** The constraint that refused the row (`unique_violation`, `fk_violation`). */
  readonly object?: string;
  readonly decision?: DecisionRecord;
}

/** Which conflicts of a job are meant: of those that it opened, or was the last to see. Age by `opened_at`. */
export interface ConflictFilter {
  readonly job_id: string;
  readonly table?: string;
  readonly type?: ConflictType;
  readonly state?: ConflictState;
  /** Opened at or after, and before: ISO 8601. */
  readonly opened_from?: string;
  readonly opened_to?: string;
}

/** What a list is asked for. */
export interface ConflictQuery extends ConflictFilter {
  readonly limit: number;
  /** What an earlier page returned. */
  readonly cursor?: string;
}

/** One side's row, read now. Values are PostgreSQL text in the order of `columns`. */
export interface ConflictImage {
  readonly fingerprint: Fingerprint;
  readonly values: readonly (string | null)[];
}

/** A type as the catalog calls it. */
export type TypeName = Pick<ColumnType, 'schema' | 'name'>;

/** A conflict's row on both sides, read now, and as of the last decision where its values are kept. */
export interface ConflictImages {
  readonly table: RelationName;
  readonly key: RowKey;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    /** The type behind a domain, else the type itself. */
    readonly base?: ColumnType['base'];
  }[];
  /** Absent: the side has no row under this key. */
  readonly source?: ConflictImage;
  readonly target?: ConflictImage;
  /** Absent: unknown, or its values are not kept. */
  readonly base?: { readonly values: readonly (string | null)[] };
  readonly changed: readonly string[];
}

/** What became of a decision. In each case the conflict as it is now; whoever asks stores it. */
export type DecisionOutcome =
  /** The decision was applied now, or the same one was before. */
  | { readonly outcome: 'applied'; readonly conflict: Conflict }
  /** A side is no longer what the decision was made on; nothing was written. */
  | { readonly outcome: 'stale'; readonly conflict: Conflict; readonly images: ConflictImages }
  /** Somebody else decided otherwise, or the sides agree by now. */
  | { readonly outcome: 'already_resolved'; readonly conflict: Conflict };
