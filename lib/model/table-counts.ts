import { addCounts, type Counts, type JobTable, NO_COUNTS, type SegmentProgress } from './job.ts';

/** Progress that rounds of a job that follows the log have not counted yet; of any other job, all of it. */
export function sinceSettled(
  { settled }: Pick<JobTable, 'settled'>,
  progress: readonly SegmentProgress[],
): readonly SegmentProgress[] {
  return settled ? progress.filter((p) => p.epoch > settled.epoch) : progress;
}

/** Rows of one table, from its own progress, over all rounds. */
export function countsOfTable(table: Pick<JobTable, 'settled'>, progress: readonly SegmentProgress[]): Counts {
  const { settled } = table;
  return sinceSettled(table, progress)
    .map((p) => ({ ...NO_COUNTS, ...p.counts })) // items of before a count was added lack it
    .reduce(addCounts, settled?.counts ?? NO_COUNTS);
}
