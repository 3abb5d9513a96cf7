/**
 * What a strategy sees of a kind of difference: `always`; `sweep`: only with the option key_sweep; `window`: only in rows
 * whose update column says so; `never`.
 */
export type Sight = 'always' | 'window' | 'sweep' | 'never';

export const DIFFERENCES = ['inserts', 'updates', 'deletes', 'target_edits'] as const;
/**
 * New, changed and deleted rows of the source, and what was changed in the target alone.
 */
export type DifferenceKind = (typeof DIFFERENCES)[number];

/** What one kind of job sees under a strategy, and what it reads for that. */
export interface Reach {
  readonly sees: Readonly<Record<DifferenceKind, Sight>>;
  /** For people. */
  readonly reads: string;
}

/** What must be there before a strategy can work; preflight looks for it. */
export interface Needs {
  /** A column of the source that says when a row was last changed. */
  readonly timestampColumn: boolean;
  /** To see when the transactions of other sessions began: a primary server, and a role that may look. */
  readonly openTransactions: boolean;
  /** The source's log, decoded by row: a slot, a publication, and rows that the log identifies. */
  readonly changeStream: boolean;
}

/** Options of the config that only some strategies honour. */
export const STRATEGY_OPTIONS = [
  'tolerances',
  'timestamp_columns',
  'key_sweep',
  'max_quiet_runs',
  'continuous',
] as const;
export type StrategyOption = (typeof STRATEGY_OPTIONS)[number];

/** What a strategy says of itself. Docs, config and preflight read it; no other place knows what a strategy can do. */
export interface StrategyFacts {
  readonly name: string;
  /** What it sees and what it reads, in a line. */
  readonly summary: string;
  /** What of a row it compares; `key` never sees contents, and the job says so. */
  readonly compares: 'row' | 'key';
  /** Whether it names the fields that differ. */
  readonly namesFields: boolean;
  readonly full: Reach;
  /** Absent: it has no memory, so an incremental job looks at everything, as a full one does. */
  readonly incremental?: Reach;
  readonly needs: Needs;
  /** Whether it sees what both sides changed, so that another conflict strategy than source_wins has something to decide. */
  readonly seesConflicts: boolean;
  readonly options: readonly StrategyOption[];
}
