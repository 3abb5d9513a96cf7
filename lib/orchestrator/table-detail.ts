import * as z from 'zod';
import { addCounts, type Job, type JobTable, NO_COUNTS, PASSES, type SegmentProgress } from '../model/job.ts';
import { sinceSettled } from '../model/table-counts.ts';
import { countsView, hasEnded, tableStatus, tableView } from './status.ts';

const segmentView = z
  .object({
    segment: z.int().meta({ description: 'Position in the table, from 0.' }),
    pass: z.enum(PASSES).meta({ description: 'The pass that it is in, or was in last.' }),
    finished: z.boolean().meta({ description: 'Whether it is done in that pass.' }),
    epoch: z.int().meta({ description: 'Of the job when the segment came so far; an older one is of an earlier run.' }),
    counts: countsView,
    updated_at: z.iso.datetime().meta({ description: 'When a chunk of it was done last.' }),
  })
  .meta({ id: 'Segment' });

export const tableDetailView = z
  .object({
    ...tableView.shape,
    begun: z.array(segmentView).meta({
      description:
        'Segments of which a chunk is done, by their position, with rows over all passes; those that are missing wait, or have only just begun.',
    }),
  })
  .meta({ id: 'TableDetail' });
export type TableDetailView = z.infer<typeof tableDetailView>;

/** A table of a job with how far each of its segments has come. `progress` may be of all tables of the job. Pure. */
export function tableDetail(
  job: Pick<Job, 'state'>,
  table: JobTable,
  progress: readonly SegmentProgress[],
): TableDetailView {
  const own = progress.filter((p) => p.table === table.table);
  const begun = [...Map.groupBy(sinceSettled(table, own), (p) => p.segment).values()];
  return {
    ...tableStatus(table, own, hasEnded(job)),
    begun: begun.map(segmentOf).sort((a, b) => a.segment - b.segment),
  };
}

/** One segment, from its progress in each pass. */
function segmentOf(passes: readonly SegmentProgress[]): z.infer<typeof segmentView> {
  const [last] = passes.toSorted((a, b) => PASSES.indexOf(b.pass) - PASSES.indexOf(a.pass));
  if (!last) throw new TypeError('a segment that has begun has progress');
  const { segment, pass, finished, epoch, updated_at } = last;
  return {
    segment,
    pass,
    finished,
    epoch,
    counts: passes.map((p) => p.counts).reduce(addCounts, NO_COUNTS),
    updated_at,
  };
}
