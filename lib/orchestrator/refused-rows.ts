import type { FetchedRows } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';

/** Rows that are not written as they were read: too large for it, or without a value that a mapping should have computed. */
export const refusedIn = ({ tooLarge, failed }: FetchedRows): readonly QuarantinedRow[] => [
  ...tooLarge.map((key) => ({ key, code: 'row_too_large' as const })),
  ...failed,
];
