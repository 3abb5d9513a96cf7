import type { GivenApproval } from './approval.ts';
import type { AuditRoot } from './audit-event.ts';
import type { StreamView } from './change-stream.ts';
import type { JobConfig } from './config.ts';
import type { ConnectionView, ServerIdentity } from './connection.ts';
import type { JobEnvironments } from './environment.ts';
import type { Problem } from './errors.ts';
import type { FollowingView } from './following.ts';
import type { WholeReason } from './look.ts';
import type { Retry } from './quarantine.ts';
import type { PlannedRule } from './rule.ts';

export const JOB_STATES = [
  'created',
  'preparing',
  'running',
  'verifying',
  'stopping',
  'stopped',
  'paused',
  'completed',
  'completed_with_issues',
  'failed',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States in which nothing more happens unless somebody asks. */
export const ENDED_STATES: readonly JobState[] = ['completed', 'completed_with_issues', 'failed', 'stopped'];

/**
 * What happened to the rows of a segment, table or job. `read` counts each key found on either side once, so
 * `read = inserted + updated + deleted + unchanged + kept + conflicts + quarantined + skipped`, and in a job that writes to both
 * sides `+ source_inserted + source_updated + source_deleted`.
 */
export interface Counts {
  readonly read: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  /** Rows that stay as the target has them: target-only ones that the delete mode keeps, and edits that the rules keep. */
  readonly kept: number;
  /** Rows that wait for somebody to decide them. */
  readonly conflicts: number;
  readonly quarantined: number;
  /** Rows of both sides of which a key sweep met the key alone: outside the window, so their values were not looked at. */
  readonly skipped: number;
  /**
   * Rows that the source alone was written for, in a job that writes to both sides; absent in others. A row that was merged
   * is written to both and counts as updated.
   */
  readonly source_inserted?: number;
  readonly source_updated?: number;
  readonly source_deleted?: number;
}

/** Counts of rows that were written to the source. */
export const SOURCE_COUNTS = ['source_inserted', 'source_updated', 'source_deleted'] as const;

export const NO_COUNTS: Counts = {
  read: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  kept: 0,
  conflicts: 0,
  quarantined: 0,
  skipped: 0,
};

export function addCounts(a: Counts, b: Counts): Counts {
  const back = SOURCE_COUNTS.filter((k) => a[k] !== undefined || b[k] !== undefined);
  const keys = [...Object.keys(NO_COUNTS), ...back] as (keyof Counts)[]; // of a record over exactly these
  return Object.fromEntries(keys.map((k) => [k, (a[k] ?? 0) + (b[k] ?? 0)])) as unknown as Counts; // fromEntries forgets them
}

/** Why a job or table failed, for people and programs. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly problems?: readonly Problem[];
  /** Of `confirm_required`: so many deletes wait for somebody to accept them. */
  readonly deletes?: number;
}

/** `full`: everything is compared; `incremental`: what changed since the last success, where that can be known. */
export const JOB_MODES = ['full', 'incremental'] as const;
export type JobMode = (typeof JOB_MODES)[number];

/** One run over a pair, as DynamoDB keeps it: what is wanted (state, epoch), and a mirror of what happened. */
export interface Job {
  readonly job_id: string;
  readonly mode: JobMode;
  readonly state: JobState;
  /** Raised by each start, resume, stop, takeover, pause and failure; a writer of an older epoch can commit nothing. */
  readonly epoch: number;
  readonly config: JobConfig;
  readonly source: ConnectionView & ServerIdentity;
  readonly target: ConnectionView & ServerIdentity;
  /** Name of the secret that holds both connections. */
  readonly secret_ref: string;
  /** Of a job that masks: which key its masks are computed with (maskKeyPrint). */
  readonly mask_key?: string;
  readonly actor: string;
  /** Environments that its databases were when it started; absent: none. */
  readonly environments?: JobEnvironments;
  /** Who let it write to a protected environment. */
  readonly approval?: GivenApproval;
  readonly guarantee: 'exactly_once_effect';
  /** ISO 8601 in UTC, as all instants. */
  readonly created_at: string;
  readonly started_at?: string;
  /** What a job that follows the source's log has drained when it was prepared, and what it left. */
  readonly changes?: StreamView;
  /** How far a job has come that follows the log until it is stopped. */
  readonly following?: FollowingView;
  readonly ended_at?: string;
  /** Last sign of life of the run; the sweeper takes over when it is too old. */
  readonly heartbeat_at: string;
  /** How often the sweeper restarted this job without anybody asking. */
  readonly takeovers: number;
  readonly failure?: Failure;
  /** Why a paused job waits, or what a job that is stopping waits for. */
  readonly pause?: Pause;
  readonly stopped_by?: string;
  /** The connections are not kept any more: the job cannot be resumed. */
  readonly secret_removed?: boolean;
  /** Who moved the job to its epoch, for the event that the target records with it. */
  readonly moved_by?: { readonly event: 'job.resumed' | 'job.taken_over'; readonly actor: string };
  /** Rows by what happened to them, once the job has completed. */
  readonly counts?: Counts;
  /** Conflicts that waited for a decision when the job ended; its connections are kept for a while to apply decisions. */
  readonly open_conflicts?: number;
  /** Rows that were put aside when the job ended; its connections are kept for a while to look at them and try them again. */
  readonly quarantined?: number;
  /** Only rows that another job has put aside are looked at. */
  readonly retry?: Retry;
  /** Deletes that somebody has confirmed, when the job paused before them. */
  readonly confirmed_deletes?: number;
  /** What sealed the audit trail when the job ended; absent until the trail has all of its events. */
  readonly audit_root?: AuditRoot;
}

/** A reason to wait. `probe_at`: when the sweeper looks by itself whether the job can go on; absent: somebody has to ask. */
export interface Pause extends Failure {
  readonly since: string;
  readonly probe_at?: string;
}

/** `untouched`: passed over, see `untouched` of the table. `compared`: a dry run has looked at it. `unverified`: the config asked for no final comparison. */
export const TABLE_STATES = [
  'pending',
  'running',
  'verified',
  'untouched',
  'compared',
  'unverified',
  'failed',
] as const;
export type TableState = (typeof TABLE_STATES)[number];

/** One table of a job, mirrored for reading. */
export interface JobTable {
  readonly job_id: string;
  /** Position in the job, from 0; messages and executions name a table by it. */
  readonly table: number;
  readonly name: string;
  readonly state: TableState;
  readonly level: number;
  /** Planner's estimate of source rows; for progress only. */
  readonly rows_estimate: number;
  readonly segments: number;
  /** Only rows changed since then (ISO 8601) by this column were looked at; absent: all rows. */
  readonly window?: {
    readonly column: string;
    readonly after: string;
    readonly key_sweep: boolean;
    readonly indexed: boolean;
  };
  /** Why an incremental job looked at all rows of it. */
  readonly whole?: WholeReason;
  /** Nothing of it was looked at: no write was counted on either side since a job compared so many rows of it. */
  readonly untouched?: {
    readonly compared_at: string;
    readonly runs: number;
    readonly rows: number;
    readonly kept: number;
  };
  /** Only rows of so many keys that the source's log named were looked at; absent: all rows, or those of the window. */
  readonly changed_keys?: number;
  /** What a mapping makes the table of: a table of the source, and so many columns of it. */
  readonly mapping?: { readonly from: string; readonly columns: number; readonly notes: readonly string[] };
  /** Rules of the table, and what they came to before a row was written. */
  readonly rules?: readonly PlannedRule[];
  /**
   * Of a job that follows the log until it is stopped: what its rounds have come to, up to the one of this epoch; progress of
   * later epochs is in addition. `quarantined`, `conflicts`: so many rows wait now.
   */
  readonly settled?: {
    readonly epoch: number;
    readonly counts: Counts;
    readonly quarantined: number;
    readonly conflicts: number;
  };
  /** Warnings of the comparison of both catalogs, which GET /validate lists. */
  readonly schema_warnings?: number;
  /** Rows that moved while the job ran and still do. */
  readonly in_flight?: number;
  /** Columns whose type nothing is known of, with the type's name; their values travel and compare as text. */
  readonly unknown_types?: Readonly<Record<string, string>>;
  /** Keys of a few rows that a dry run would change, by operation. */
  readonly samples?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly failure?: Failure;
}

export const PASSES = ['apply', 'delete', 'revisit', 'verify'] as const;
/**
 * A job goes over its tables up to four times: changes in parent order, deletes in child order, changes that had to wait for
 * others, the final comparison.
 */
export type Pass = (typeof PASSES)[number];

/** Progress of one segment in one pass, mirrored for reading. `seq` only grows within an epoch. */
export interface SegmentProgress {
  readonly job_id: string;
  readonly table: number;
  readonly pass: Pass;
  readonly segment: number;
  readonly epoch: number;
  readonly seq: number;
  readonly finished: boolean;
  readonly counts: Counts;
  /** ISO 8601; when this progress was written. */
  readonly updated_at: string;
}
