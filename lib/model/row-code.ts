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
  timed_out: 'Writing the row alone took longer than a statement may take.',
  raised: 'A trigger of the target raised an error.',
  refused: 'The target refused the row; the SQLSTATE says why.',
} as const;
export type RowCode = keyof typeof ROW_CODES;

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
