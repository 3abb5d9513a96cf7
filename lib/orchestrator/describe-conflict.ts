import type { Conflict, ConflictImages } from '../model/conflict.ts';
import type { ConflictDetail } from '../model/conflict-answers.ts';
import { USUAL_NAMES } from '../validator/timestamp.ts';
import { detailOf } from './conflict-detail.ts';
import { conflictShapes } from './conflict-shapes.ts';
import { conflictImages, type ResolvePorts } from './resolve-conflict.ts';

export interface DescribeOptions {
  /** Whoever may decide sees the values of tagged columns. */
  readonly seesMasked: boolean;
  /** Both rows, where they have just been read. */
  readonly images?: ConflictImages;
}

/** A conflict for somebody who decides: both rows read now, shapes drawn, a suggestion. Throws what `conflictImages` throws. */
export async function describeConflict(
  conflict: Conflict,
  { seesMasked, images }: DescribeOptions,
  ports: ResolvePorts,
): Promise<ConflictDetail> {
  const rows = images ?? (await conflictImages(conflict, ports));
  const shapes = await conflictShapes(conflict, rows, ports);
  return detailOf(conflict, rows, { masks: {}, seesMasked, clocks: USUAL_NAMES, shapes });
}
