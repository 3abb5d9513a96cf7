import type { AuditEvent } from './model/audit-event.ts';
import type { Connection } from './model/connection.ts';
import type { Job, JobState, JobTable, SegmentProgress } from './model/job.ts';
import type { JobInput, SegmentMessage } from './model/message.ts';

/** The time, so that tests can set it. */
export type Clock = () => Date;

/** Which jobs a list wants. `cursor` is what an earlier page returned. */
export interface JobQuery {
  readonly limit: number;
  readonly state?: JobState;
  readonly cursor?: string;
}

/**
 * Jobs, their tables and segments, as DynamoDB keeps them: what is wanted, and a mirror of what happened.
 *
 * Every write is one conditional item write; none relies on a clock. Throws `unavailable` when the store does not answer.
 */
export interface JobStore {
  /** Stores a new job. A second call with the same job is a no-op; another job under the same id throws `state_conflict`. */
  create(job: Job): Promise<void>;
  /** Strongly consistent. */
  get(jobId: string): Promise<Job | undefined>;
  /** Newest first; eventually consistent. Throws `cursor_invalid`. */
  list(query: JobQuery): Promise<{ jobs: readonly Job[]; cursor?: string }>;
  /** All jobs that have not ended, for the sweeper; eventually consistent. */
  listActive(): Promise<readonly Job[]>;
  /**
   * Changes a job if it is still in one of `from` with `epoch`; returns the changed job, or undefined when it is not.
   * `patch` may raise the epoch. A lost reply of our own write counts as success.
   */
  transition(
    jobId: string,
    expected: { readonly from: readonly JobState[]; readonly epoch: number },
    patch: Partial<Omit<Job, 'job_id' | 'config'>>,
  ): Promise<Job | undefined>;
  /** A sign of life; ignored when the job has moved to another epoch. */
  heartbeat(jobId: string, epoch: number, at: string): Promise<void>;
  /** Stores or replaces tables of a job. */
  putTables(tables: readonly JobTable[]): Promise<void>;
  /** In table order. */
  tables(jobId: string): Promise<readonly JobTable[]>;
  /** Mirrors progress; older progress (lower epoch, or same epoch and lower seq) is ignored. */
  putProgress(progress: SegmentProgress): Promise<void>;
  progress(jobId: string): Promise<readonly SegmentProgress[]>;
}

/** The audit trail. Append-only: an event that is already there (same stream and seq) stays as it is. */
export interface AuditLog {
  append(events: readonly AuditEvent[]): Promise<void>;
  /** In order of stream and seq. */
  read(jobId: string): Promise<readonly AuditEvent[]>;
}

/** Both ends of a pair, with passwords. */
export interface ConnectionPair {
  readonly source: Connection;
  readonly target: Connection;
}

/** Where passwords live. Only the reference travels on. */
export interface SecretStore {
  /** Returns the reference. Creating the same job's secret again replaces it. */
  put(jobId: string, pair: ConnectionPair): Promise<string>;
  get(ref: string): Promise<ConnectionPair>;
  /** Removing what is not there is fine. */
  remove(ref: string): Promise<void>;
}

export type ExecutionState = 'running' | 'ended' | 'missing';

/** The workflow engine. */
export interface Workflow {
  /** Starts the execution `job-<id>-e<epoch>`; starting it again is a no-op. */
  start(input: JobInput): Promise<void>;
  state(input: JobInput): Promise<ExecutionState>;
  /** Answers a task; a token that is no longer waited for is ignored. */
  succeed(taskToken: string, output: object): Promise<void>;
  fail(taskToken: string, error: string, cause: string): Promise<void>;
  /** Tells that the task is still being worked on; a token that is no longer waited for is ignored. */
  beat(taskToken: string): Promise<void>;
}

/** The segment queue, as a worker needs it. */
export interface SegmentQueue {
  send(message: SegmentMessage): Promise<void>;
  /** Keeps a received message from other workers for `seconds` more, counted from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}

/** One JSON line per call. `fields` hold ids, codes and counts; never a row value or a secret. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
