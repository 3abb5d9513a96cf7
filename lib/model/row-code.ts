/** Why a single row was refused; a quarantined row carries one of these. */
export const ROW_CODES = {
  value_out_of_range: 'A value does not fit the range of its column.',
  too_long: 'A value is longer than its column allows.',
  row_too_large: 'The row is larger than 32 MiB as text; it is not written row by row.',
  value_invalid: 'A value has no meaning in the type of its column, such as an enum label the target lacks.',
  encoding: 'Text holds a character the target cannot store.',
  null_value: 'A NOT NULL column would be NULL.',
  check_failed: 'A check constraint or a domain refused the row.',
  fk_missing: 'The row refers to a row that is not there.',
  still_referenced: 'Rows that stay refer to this row, so it is not deleted.',
  unique_clash: 'Another row has the same unique value.',
  exclusion_clash: 'An exclusion constraint refused the row.',
  target_trigger_dropped: 'A trigger or rule of the target dropped the row as it was written.',
  target_value_changed: 'The target holds another value than was written: a trigger changed it.',
  value_not_computable: 'A column of the mapping has no value for the row: see its column.',
  value_not_masked: 'A value could not be masked, so the row stays out of the target.',
  rule_rejected: 'A rule of the job does not let the row pass: see its name.',
  rule_stopped: 'A rule that stops the job does not let the row pass; no row is listed with it.',
  timed_out: 'Writing the row alone took longer than a statement may take.',
  raised: 'A trigger of the target raised an error.',
  refused: 'The target refused the row; the SQLSTATE says why.',
} as const;
export type RowCode = keyof typeof ROW_CODES;

const MEND = 'Mend the value in the source, or widen the column of the target; then tfsync quarantine retry JOB.';
const MEND_ROW = 'Mend the row in the source; then tfsync quarantine retry JOB.';
const TRIGGER = 'Use triggers: "suppress", or disable the trigger in the target; then run again.';
const OTHER_ROW = 'Look for the other row in the target; mend or delete one of both, then tfsync quarantine retry JOB.';

/** What to do about a row that was put aside for this reason. */
export const ROW_REMEDIES: Readonly<Record<RowCode, string>> = {
  value_out_of_range: MEND,
  too_long: MEND,
  row_too_large: 'Leave its largest column out (columns.exclude), or copy the row by hand.',
  value_invalid: MEND,
  encoding: MEND,
  null_value: 'Fill the value in the source, or drop NOT NULL in the target; then tfsync quarantine retry JOB.',
  check_failed: 'Mend the value in the source, or the constraint of the target; then tfsync quarantine retry JOB.',
  fk_missing: 'Sync the table that it refers to as well, or mend the reference; then tfsync quarantine retry JOB.',
  still_referenced: 'Delete or change the rows that refer to it in the target; then run again.',
  unique_clash: OTHER_ROW,
  exclusion_clash: OTHER_ROW,
  target_trigger_dropped: TRIGGER,
  target_value_changed: TRIGGER,
  value_not_computable:
    'Mend the value in the source, or the mapping; then tfsync quarantine retry JOB, or start a new job.',
  value_not_masked: 'Mend the value in the source, or take a mask that fits it (docs/masks.md).',
  rule_rejected: MEND_ROW,
  rule_stopped: MEND_ROW,
  timed_out: 'Look what the row waits for in the target: a lock, or a slow trigger; then tfsync quarantine retry JOB.',
  raised: TRIGGER,
  refused: 'Look the SQLSTATE up in the documentation of PostgreSQL; then tfsync quarantine retry JOB.',
};

const BY_SQLSTATE: Readonly<Record<string, RowCode>> = {
  '22003': 'value_out_of_range',
  '22008': 'value_out_of_range',
  '22001': 'too_long',
  '22P02': 'value_invalid',
  '22007': 'value_invalid',
  '22021': 'encoding',
  '22P05': 'encoding',
  '23502': 'null_value',
  '23514': 'check_failed',
  '23503': 'fk_missing',
  '23505': 'unique_clash',
  '23P01': 'exclusion_clash',
  P0001: 'raised',
  '57014': 'timed_out',
};

/** The code for a SQLSTATE with which a server refused a row. */
export function rowCode(sqlstate: string): RowCode {
  return BY_SQLSTATE[sqlstate] ?? 'refused';
}
