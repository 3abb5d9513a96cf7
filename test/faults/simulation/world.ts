import type { AuditEvent } from '../../../lib/model/audit-event.ts';
import type { BucketRun, RowKey } from '../../../lib/model/change.ts';
import type { JobEvent, Progress, Samples } from '../../../lib/model/checkpoint.ts';
import type { Counts, Pass } from '../../../lib/model/job.ts';
import type { RelationName, Segment, TablePlan } from '../../../lib/model/table.ts';

/** A connection to the simulated target; what it has not committed is gone with it. */
export interface Session {
  readonly jobId: string;
  readonly epoch: number;
  dead: boolean;
}

export interface SimCheckpoint {
  readonly table: number;
  readonly pass: Pass;
  readonly segmentNo: number;
  readonly segment: Segment;
  epoch: number;
  owner: string | undefined;
  seq: number;
  cursor: { through: number; credit: number };
  counts: Partial<Counts>;
  written: BucketRun[];
  extra: BucketRun[];
  toDelete: number;
  unexplained: number;
  inFlight: number;
  samples: Samples;
  finished: boolean;
  /** Who holds its row. */
  lockedBy: Session | undefined;
}

/** A row of tf_sync.job and all that hangs on it. */
export interface SimJob {
  /** Which call has begun under its id last. */
  taken: number;
  epoch: number;
  readonly tables: readonly RelationName[];
  prepared: boolean;
  ended: boolean;
  seq: number;
  plans: TablePlan[];
  readonly checkpoints: Map<string, SimCheckpoint>;
  readonly quarantine: Map<string, RowKey>;
  outbox: AuditEvent[];
  /** Chunks in flight, and whether somebody waits to raise the epoch. */
  readonly sharers: Set<Session>;
  raisers: number;
}

/** One write of the service into a target row, as a trigger of the target would see it. */
export interface Write {
  readonly jobId: string;
  readonly epoch: number;
  readonly stream: string;
  readonly seq: number;
  readonly table: string;
  readonly key: string;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** What the decision was made on. */
  readonly expected: string | undefined;
}

/** Rows by table and key; a value stands for the whole row, and is its own fingerprint. */
export type Rows = Map<string, Map<string, { readonly value: string; readonly version: number }>>;

export interface World {
  readonly source: Rows;
  readonly target: Rows;
  /** Counts commits of the source; its snapshot. */
  sourceVersion: number;
  readonly jobs: Map<string, SimJob>;
  readonly leases: Map<string, { readonly jobId: string; readonly takenMs: number }>;
  readonly turns: Map<string, { readonly jobId: string; readonly turn: number }>;
  /** Leases that were taken for a start. */
  takes: number;
  /** Who takes or gives leases now: their rows are locked. */
  leaseLock: Session | undefined;
  readonly writes: Write[];
  /** Marks that sessions hold (lib/postgres/mark.ts). */
  readonly marks: Set<string>;
  readOnly: boolean;
}

export function newWorld(tables: readonly string[]): World {
  const rows = (): Rows => new Map(tables.map((t) => [t, new Map()]));
  return {
    source: rows(),
    target: rows(),
    sourceVersion: 1,
    jobs: new Map(),
    leases: new Map(),
    turns: new Map(),
    takes: 0,
    leaseLock: undefined,
    writes: [],
    marks: new Set(),
    readOnly: false,
  };
}

export function appendEvent(job: SimJob, jobId: string, event: JobEvent, at: string): void {
  job.seq += 1;
  job.outbox.push({ job_id: jobId, stream: 'job', seq: job.seq, at, ...event });
}

export function progressOf(c: SimCheckpoint): Progress {
  return {
    table: c.table,
    pass: c.pass,
    segment: c.segmentNo,
    seq: c.seq,
    counts: c.counts,
    finished: c.finished,
    wrote: c.written.length > 0,
    hasExtra: c.extra.length > 0,
    toDelete: c.toDelete,
    unexplained: c.unexplained,
    inFlight: c.inFlight,
    samples: c.samples,
  };
}
