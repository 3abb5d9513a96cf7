import * as z from 'zod';
import type { RowKey } from './change.ts';
import type { QuarantinedRow } from './checkpoint.ts';
import { ROW_CODES, type RowCode } from './row-code.ts';

export const ROW_CODE_NAMES = Object.keys(ROW_CODES) as [RowCode, ...RowCode[]]; // a record over exactly these, and not empty

/** Which of the rows that a job put aside; nothing: all of them. */
export const quarantineFilter = z.strictObject({
  table: z.string().min(1).max(200).optional(),
  code: z.enum(ROW_CODE_NAMES).optional(),
  /** Name of the rule that did not let them pass. */
  rule: z.string().min(1).max(200).optional(),
});
export type QuarantineFilter = z.infer<typeof quarantineFilter>;

/** A new job over the rows that another one has put aside. */
export interface Retry extends QuarantineFilter {
  readonly of: string;
}

/** A row that a job put aside, as the target keeps it. */
export interface StoredQuarantine extends QuarantinedRow {
  /** Position of the table in the job. */
  readonly table: number;
  /** ISO 8601. */
  readonly at: string;
}

/** The last row of a page. */
export interface QuarantinePlace {
  readonly table: number;
  readonly key: RowKey;
}

/** A row that a job put aside, for people. */
export const quarantineView = z
  .object({
    table: z.string(),
    key: z.array(z.string()),
    code: z.enum(ROW_CODE_NAMES),
    rule: z.string().optional(),
    sqlstate: z.string().optional(),
    object: z.string().optional(),
    at: z.iso.datetime(),
    in_source: z.boolean().optional(),
    values: z.record(z.string(), z.string().nullable()).optional(),
  })
  .meta({ id: 'QuarantinedRow', description: 'A row that was put aside, with its values as the source has them now.' });
export type QuarantineView = z.infer<typeof quarantineView>;

export const quarantinePage = z
  .object({ rows: z.array(quarantineView), next_token: z.string().optional() })
  .meta({ id: 'QuarantinePage' });
export type QuarantinePage = z.infer<typeof quarantinePage>;

/** The answer to a retry. */
export const retryStarted = z
  .object({
    job_id: z.uuid(),
    state: z.string(),
    status_url: z.string(),
    rows: z.int(),
    whole_tables: z.array(z.string()),
  })
  .meta({ id: 'RetryStarted' });
export type RetryStarted = z.infer<typeof retryStarted>;

/** Keys of a table that a retry goes by; with more of them, and without a key, the whole table is compared. */
export const MOST_RETRY_KEYS = 5_000;
