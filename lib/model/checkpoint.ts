import type { AuditEvent } from './audit-event.ts';
import type { BucketRun, RowKey } from './change.ts';
import type { Counts, Pass } from './job.ts';
import type { RowCode } from './row-code.ts';
import type { Segment } from './table.ts';

/** A job event before the target has given it its number and time. */
export type JobEvent = Pick<AuditEvent, 'type' | 'actor' | 'data'>;

/** What a checkpoint says of one segment in one pass. */
export interface Progress {
  readonly table: number;
  readonly pass: Pass;
  readonly segment: number;
  readonly seq: number;
  readonly counts: Partial<Counts>;
  readonly finished: boolean;
  /** Buckets this job wrote into, and buckets with target-only rows that are to be deleted. */
  readonly wrote: boolean;
  readonly hasExtra: boolean;
  /** Target-only rows that are to be deleted. */
  readonly toDelete: number;
  readonly unexplained: number;
  /** Differences of rows that moved while the job ran and still do. */
  readonly inFlight: number;
  readonly samples: Samples;
}

/** Name of the stream of a segment in a pass: of its checkpoint and of its events. */
export function streamOf(table: number, pass: Pass, segment: number): string {
  return `t${table}/${pass}/${segment}`;
}

/** Which segment, in which run of which job. */
export interface SegmentId {
  readonly jobId: string;
  readonly epoch: number;
  readonly table: number;
  readonly pass: Pass;
  readonly segment: number;
}

/**
 * How far a segment has come. `through`: every bucket up to it is decided and counted. `credit`: rows of later buckets that
 * an earlier run has applied already; they will be found equal, and are not to be counted twice. `again`: rows of later
 * buckets that an earlier run has written in part and counted; they will be found to differ.
 */
export interface Cursor {
  readonly through: number;
  readonly credit: number;
  readonly again?: number;
  /** Rows of later buckets that an earlier run has merged and counted; they will be found to differ, and be kept. */
  readonly merged?: number;
  /** Where a look at a window of rows stands. */
  readonly at?: Position;
}

/**
 * The last row that was decided in a look at a window. `window`: rows in order of (stamp, key); `rest`: rows without a
 * usable stamp, in order of key; `keys`: the sweep over all keys, which goes by buckets;
 * `changes`: keys that wait in a stream of changes, in order of key. Without a key: at the beginning.
 */
export interface Position {
  readonly part: 'window' | 'rest' | 'keys' | 'changes';
  /** PostgreSQL text. */
  readonly stamp?: string;
  readonly key?: RowKey;
}

export interface Checkpoint {
  readonly seq: number;
  readonly cursor: Cursor;
  readonly counts: Counts;
  readonly finished: boolean;
  readonly segment: Segment;
}

/** A row that could not be applied, and why. */
export interface QuarantinedRow {
  readonly key: RowKey;
  readonly code: RowCode;
  readonly sqlstate?: string;
  /** The constraint or column that refused it. */
  readonly object?: string;
}

/** A few keys by operation, for people to look at. */
export type Samples = Readonly<Partial<Record<'insert' | 'update' | 'delete', readonly RowKey[]>>>;

/** What one chunk adds to a checkpoint. */
export interface Advance {
  readonly cursor: Cursor;
  readonly counts: Counts;
  readonly written: readonly BucketRun[];
  readonly extra: readonly BucketRun[];
  /** Target-only rows found that are to be deleted. */
  readonly toDelete: number;
  readonly unexplained: number;
  /** Differences of rows that moved while the job ran and still do. */
  readonly inFlight: number;
  readonly finished: boolean;
  /** Keys of a few rows that a dry run would change, by operation. */
  readonly samples?: Samples;
  readonly event: JobEvent;
  /** What healed on the way to this chunk; each is an event of a stream of its own. */
  readonly healing?: readonly JobEvent[];
  /** What else the trail learns with this chunk: rows put aside, at level `detailed` each row. */
  readonly details?: readonly JobEvent[];
}

/** How many rows each statement touched. Fewer than asked for: the target had moved, or a trigger dropped a row. */
export interface Applied {
  /** Of rows that COPY leaves out: which they are. */
  readonly aside?: readonly QuarantinedRow[];
  /** Rows put into quarantine now; one that is there already does not count again. */
  readonly quarantined: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}
