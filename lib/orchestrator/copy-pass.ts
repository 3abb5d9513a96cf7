import type { BucketRun } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
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

function runsOf(work: SegmentWork): readonly BucketRun[] {
  const { buckets, rowsEstimate } = work.segment;
  const total = buckets.ranges * buckets.split;
  const rows = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_BYTES / work.plan.rowBytesEstimate)));
  const wanted = Math.max(1, Math.ceil(rowsEstimate / rows));
  const chunks = Math.min(total, buckets.keyspace === 'hashed' ? Math.min(HASHED_CHUNKS, wanted) : wanted);
  const size = Math.ceil(total / chunks);
  return Array.from(
    { length: Math.ceil(total / size) },
    (_, i): BucketRun => [i * size, Math.min(total, (i + 1) * size) - 1],
  );
}

/**
 * Fills a segment that the target has no row of. Nothing is compared before: the final comparison looks at every bucket
 * written. What is not copied here (a refused chunk, rows that came meanwhile) is left to the comparison that follows.
 *
 * True: hand over.
 */
export async function copyPass(work: SegmentWork): Promise<boolean> {
  const untouched = work.plan.copy !== undefined && work.cursor.through < 0 && work.seq === 0;
  if (!untouched || !(await work.target.isEmpty())) return false;
  for (const run of runsOf(work)) {
    try {
      if (await commitCopy(work, run)) return true;
    } catch (error) {
      if (inChunks(error)) return false;
      throw error;
    }
  }
  return false;
}
