import type { Conflict, ConflictImages } from '../model/conflict.ts';
import type { ConflictDetail } from '../model/conflict-answers.ts';
import { rulesOf } from '../model/conflict-plan.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { USUAL_NAMES } from '../validator/timestamp.ts';
import { type DetailOptions, detailOf } from './conflict-detail.ts';
import { conflictLabels, type ReadLabels } from './conflict-labels.ts';
import { conflictShapes, type DrawShapes } from './conflict-shapes.ts';
import { conflictImages, type ResolvePorts } from './resolve-conflict.ts';

export interface DescribeOptions {
  /** Whoever may decide sees the values of tagged columns. */
  readonly seesMasked: boolean;
  /** Both rows, where they have just been read. */
  readonly images?: ConflictImages;
}

/** A conflict for somebody who decides: both rows read now, shapes drawn, labels of enums, a suggestion. Throws what `conflictImages` throws. */
export async function describeConflict(
  conflict: Conflict,
  { seesMasked, images }: DescribeOptions,
  ports: ResolvePorts & { readonly draw: DrawShapes; readonly labels: ReadLabels },
): Promise<ConflictDetail> {
  const rows = images ?? (await rowsOf(conflict, ports));
  if (!rows) return detailOf(conflict, undefined, { masks: {}, seesMasked, clocks: [] });
  const [shapes, labels, job] = await Promise.all([
    conflictShapes(conflict, rows, ports),
    conflictLabels(conflict, rows, ports),
    ports.jobs.get(conflict.seen_by),
  ]);
  return detailOf(conflict, rows, { ...tagsAndClock(conflict, job), seesMasked, shapes, labels });
}

/** Undefined: it is closed, and the connections are gone that its rows could be read over. */
function rowsOf(conflict: Conflict, ports: ResolvePorts): Promise<ConflictImages | undefined> {
  return conflictImages(conflict, ports).catch((error: unknown) => {
    if (conflict.state !== 'open' && error instanceof SyncError && error.code === 'resume_expired') return undefined;
    throw error;
  });
}

function tagsAndClock({ table }: Conflict, job: Job | undefined): Pick<DetailOptions, 'masks' | 'clocks'> {
  if (!job) return { masks: {}, clocks: [] };
  const tags = Object.entries(job.config.column_tags).filter(([name]) => name.startsWith(`${table}.`));
  const { newerColumn } = rulesOf(job.config, table);
  return {
    masks: Object.fromEntries(tags.map(([name, mask]) => [name.slice(table.length + 1), mask])),
    clocks: newerColumn === undefined ? USUAL_NAMES : [newerColumn],
  };
}
