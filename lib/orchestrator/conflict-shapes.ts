import type { Conflict, ConflictImages } from '../model/conflict.ts';
import type { ShapesView } from '../model/conflict-answers.ts';
import { SyncError } from '../model/errors.ts';
import type { Shapes } from '../model/shape.ts';
import type { Opened } from '../ports.ts';
import type { ResolvePorts } from './resolve-conflict.ts';
import { withTarget } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

const SIDES = ['source', 'target', 'base'] as const;

const kindOf = (type: string): 'geometry' | 'geography' | undefined => {
  const name = /(?:^|[."])(geometry|geography)(?:"|\(|$)/.exec(type)?.[1];
  return name === 'geometry' || name === 'geography' ? name : undefined;
};

function viewOf({ shapes, distance, why }: Shapes): ShapesView {
  const at = (i: number) => {
    const [side, shape] = [SIDES[i], shapes.get(i)];
    return side && shape && { [side]: { ...shape } };
  };
  return {
    ...at(0),
    ...at(1),
    ...at(2),
    crs: why ? 'as_stored' : 'EPSG:4326',
    ...(why && { why_as_stored: why }),
    ...(distance !== undefined && { distance }),
  };
}

/** Draws and measures geometries, given as text, on a server that has PostGIS; undefined where it has not. */
export type DrawShapes = (
  database: Opened,
  kind: 'geometry' | 'geography',
  values: readonly (string | null)[],
) => Promise<Shapes | undefined>;

/**
 * Shapes of the geometry columns of a conflict, by column, made by the target's PostGIS. Empty where the table has none, or
 * the server no PostGIS: a map is no reason to refuse the rows. Reads no table.
 */
export async function conflictShapes(
  conflict: Pick<Conflict, 'seen_by'>,
  images: ConflictImages,
  ports: ResolvePorts & { readonly draw: DrawShapes },
): Promise<ReadonlyMap<string, ShapesView>> {
  const columns = images.columns.flatMap(({ name, type }, i) => {
    const kind = kindOf(type);
    const values = SIDES.map((side) => images[side]?.values[i] ?? null);
    return kind && values.some((v) => v !== null) ? [{ name, kind, values }] : [];
  });
  const job = columns.length > 0 ? await ports.jobs.get(conflict.seen_by) : undefined;
  if (!job) return new Map();
  const found = await withTarget(job, ports, STATEMENT_TIMEOUT_MS, async (target) => {
    const views: [string, ShapesView][] = [];
    for (const { name, kind, values } of columns) {
      const shapes = await ports.draw(target, kind, values);
      if (shapes) views.push([name, viewOf(shapes)]);
    }
    return views;
  }).catch((error: unknown) => {
    if (!(error instanceof SyncError)) throw error;
    ports.log.warn('shapes of a conflict not drawn', { job_id: job.job_id, code: error.code });
    return [];
  });
  return new Map(found);
}
