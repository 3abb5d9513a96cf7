import type { JobStatus, TableStatus } from './answers.ts';
import type { TableState } from './job.ts';

/**
 * How much of a table is done, 0 to 1; 1 only at the end. While rows are written the rows count, which are estimated, or
 * the segments, whichever is more; afterwards the segments.
 */
export function tableShare(
  table: Pick<TableStatus, 'state' | 'pass' | 'counts' | 'rows_estimate' | 'segments'>,
): number {
  if (AT_THE_END.includes(table.state)) return 1;
  if (table.state === 'pending') return 0;
  const { total, done } = table.segments;
  const ofSegments = ratio(done, total);
  return table.pass === 'apply' ? Math.max(ofSegments, ratio(table.counts.read, table.rows_estimate)) : ofSegments;
}

/** How much of a job's rows has been compared, 0 to 1; 1 only at the end, because the rows are estimated. */
export function jobShare({
  state,
  counts,
  rows_estimate,
}: Pick<JobStatus, 'state' | 'counts' | 'rows_estimate'>): number {
  return state === 'completed' || state === 'completed_with_issues' ? 1 : ratio(counts.read, rows_estimate);
}

const AT_THE_END: readonly TableState[] = ['verified', 'untouched', 'compared', 'unverified'];

function ratio(part: number, whole: number): number {
  return whole > 0 ? Math.min(0.99, part / whole) : 0;
}
