import * as z from 'zod';
import { PASSES } from './job.ts';

/** The body of one SQS message: ids only, at most 4 KiB. */
export const segmentMessage = z.strictObject({
  v: z.literal(1),
  job_id: z.uuid(),
  epoch: z.int().min(1),
  table: z.int().min(0),
  pass: z.enum(PASSES),
  segment: z.int().min(0),
  /** How often it was given back because a server had no connection to spare; absent: never. */
  given_back: z.int().min(1).optional(),
  /** Step Functions task token; whoever finishes the segment answers it. */
  task_token: z.string().min(1).max(2048),
});
export type SegmentMessage = z.infer<typeof segmentMessage>;

/** A step of an order to decide many conflicts. */
export const resolutionMessage = z.strictObject({ v: z.literal(1), resolution_id: z.uuid() });

/** Input of SyncJob. */
export const jobInput = z.strictObject({ job_id: z.uuid(), epoch: z.int().min(1) });
export type JobInput = z.infer<typeof jobInput>;

/** Input of follow-changes. */
export const lookInput = jobInput.extend({
  /** Which look at the log this is of its execution, from 1; absent: the first, or a machine of an earlier version. */
  look: z.int().min(1).optional(),
});
export type LookInput = z.infer<typeof lookInput>;

/** Output of prepare-job and of follow-changes, and state of SyncJob. */
export interface JobPlan extends JobInput {
  readonly max_parallel_tables: number;
  readonly max_parallel_operations: number;
  /** The job follows the source's log: its next step drains it. */
  readonly follows: boolean;
  /** What apply does. */
  readonly next: PassPlan;
  /** Behind a look at the log: there is something to do; there is not, look again; another run of the job goes on. */
  readonly step?: 'work' | 'wait' | 'next_run';
  /** The number of the next look. */
  readonly look?: number;
  /** Until the next look. */
  readonly wait_seconds?: number;
}

/** A range of pages of tables, or of segments: `[from, to)`. */
const part = z.object({ from: z.int().min(0), to: z.int().min(1) });
export type Part = z.infer<typeof part>;

/** Input of plan-pass. */
export const passInput = z.object({
  job_id: z.uuid(),
  epoch: z.int().min(1),
  pass: z.enum(PASSES),
  /** Pages of the job that are asked for; absent: all of them. */
  part: part.optional(),
});
export type PassInput = z.infer<typeof passInput>;

/**
 * Output of plan-pass: tables that the pass has something to do in, level by level in the order they may run; or, where
 * they are many, parts of the job to be planned by executions of their own. One of both is empty.
 */
export interface PassPlan {
  readonly levels: readonly (readonly number[])[];
  readonly parts: readonly Part[];
}

/** Input of SyncTable, plan-table and settle-table. */
export const tableInput = z.object({
  job_id: z.uuid(),
  epoch: z.int().min(1),
  table: z.int().min(0),
  pass: z.enum(PASSES),
  /** Segments that are asked for; absent: all of them. */
  part: part.optional(),
});
export type TableInput = z.infer<typeof tableInput>;

/** What Step Functions says of an error that it caught. */
export const caughtError = z.object({ Error: z.string(), Cause: z.string().optional() });
export type CaughtError = z.infer<typeof caughtError>;

/** Input of settle-table: the table, and the error that its pass ended with, if it did. */
export const settleTableInput = tableInput.extend({ error: caughtError.optional() });

/** Output of plan-table: segments still to do, or, where they are many, parts of them. Both empty: nothing to do. */
export interface SegmentPlan {
  readonly segments: readonly number[];
  readonly parts: readonly Part[];
}

/** Input of settle-job: the job, and the error of the step that failed, as Step Functions catches it. */
export const settleInput = z.object({
  job_id: z.uuid(),
  epoch: z.int().min(1),
  error: caughtError.optional(),
});
export type SettleInput = z.infer<typeof settleInput>;
