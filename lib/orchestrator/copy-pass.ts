import type { BucketRun } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { Segment } from '../model/table.ts';
import { chunkRemedy } from './healing.ts';
import { commitCopy, type SegmentWork } from './segment-work.ts';

/**
 * A chunk of the COPY pass-through: about a second of rows at 300,000 a second, and at most 64 MiB, so that a stop is
 * quick and a lost chunk cheap.
 */
const CHUNK_ROWS = 250_000;
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Buckets spread by hash have no ranges: each chunk scans the whole segment, so there are few of them. */
const HASHED_CHUNKS = 4;

/** Refused by a row or by a neighbour, or too much at once: the same rows then go in smaller chunks, one by one if need be. */
const inChunks = (error: unknown) =>
  (error instanceof SyncError && error.code === 'target_moving') || ['isolate', 'smaller'].includes(chunkRemedy(error));

/** Runs behind bucket `after`, of about equal rows; the last one takes what is behind the filled part too. Pure. */
export function copyRuns(segment: Segment, rowBytes: number, after: number): readonly BucketRun[] {
  const { buckets, rowsEstimate } = segment;
  const total = buckets.ranges * buckets.split;
  const filled = (buckets.filled ?? buckets.ranges) * buckets.split;
  const rows = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_BYTES / rowBytes)));
  const wanted = Math.max(1, Math.ceil(rowsEstimate / rows));
  const chunks = Math.min(filled, buckets.keyspace === 'hashed' ? Math.min(HASHED_CHUNKS, wanted) : wanted);
  const size = Math.ceil(filled / chunks);
  const number = Math.ceil(filled / size);
  const runs = Array.from(
    { length: number },
    (_, i): BucketRun => [i * size, i === number - 1 ? total - 1 : (i + 1) * size - 1],
  );
  return runs.flatMap(([first, last]): BucketRun[] => (last > after ? [[Math.max(first, after + 1), last]] : []));
}

/**
 * Fills the part of a segment behind the cursor, if the target has no row of it: all of it at first, or what a worker that
 * died left. Nothing is compared before: the final comparison looks at every bucket written. What is not copied here (a
 * refused chunk, rows that came meanwhile) is left to the comparison that follows.
 *
 * True: hand over.
 */
export async function copyPass(work: SegmentWork): Promise<boolean> {
  const { through, credit, again = 0 } = work.cursor;
  const runs = copyRuns(work.segment, work.plan.rowBytesEstimate, through);
  // rows behind the cursor that are counted already are for the comparison, which tells them from others
  if (work.plan.copy === undefined || runs.length === 0 || credit + again > 0) return false;
  if (!(await work.target.isEmpty(through))) return false;
  for (const run of runs) {
    try {
      if (await commitCopy(work, run)) return true;
    } catch (error) {
      if (inChunks(error)) return false;
      throw error;
    }
  }
  return false;
}
