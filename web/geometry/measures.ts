import type { ShapesView, ShapeView } from '../../lib/model/conflict-answers.ts';

export interface MeasureRow {
  readonly name: 'Area' | 'Vertices';
  readonly base?: string;
  readonly source?: string;
  readonly target?: string;
  /** Of the source against the target; absent where one of them has no shape. */
  readonly delta?: string;
}

/** In what areas and distances are given: metres for a geography, else whatever the reference system counts in. */
export function unitOf({ source, target, base }: ShapesView, type: string): string {
  if (type === 'geography') return 'm';
  const srid = (source ?? target ?? base)?.srid ?? 0;
  return srid === 0 ? 'units' : `units of EPSG:${srid}`;
}

/** Area and vertices of each side, and how far apart they are. The area only where a side has one. */
export function measuresOf(shapes: ShapesView, type: string): readonly MeasureRow[] {
  const area = row('Area', shapes, ({ area }) => area);
  const square = type === 'geography' ? ' m²' : '';
  const hasArea = [shapes.source, shapes.target, shapes.base].some((shape) => shape !== undefined && shape.area > 0);
  return [...(hasArea ? [area(square)] : []), row('Vertices', shapes, ({ vertices }) => vertices)('')];
}

const row =
  (name: MeasureRow['name'], { source, target, base }: ShapesView, of: (shape: ShapeView) => number) =>
  (unit: string): MeasureRow => ({
    name,
    ...(base && { base: figure(of(base)) + unit }),
    ...(source && { source: figure(of(source)) + unit }),
    ...(target && { target: figure(of(target)) + unit }),
    ...(source && target && { delta: delta(of(source), of(target)) + unit }),
  });

/** Six digits tell parcels apart; a number below a thousandth keeps its first ones. */
export const figure = (n: number): string =>
  n.toLocaleString('en-US', Math.abs(n) < 1 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 2 });

/** What the source has more than the target; in percent too, where the target has something. */
export function delta(source: number, target: number): string {
  const more = source - target;
  if (more === 0) return 'none';
  const sign = more > 0 ? '+' : '−';
  const share = target === 0 ? '' : ` (${sign}${figure(Math.abs((more / target) * 100))} %)`;
  return `${sign}${figure(Math.abs(more))}${share}`;
}

/** `Polygon, 10 vertices`. */
export function kindOf({ geojson, vertices }: ShapeView): string {
  const type = (geojson as { readonly type?: unknown } | undefined)?.type;
  return `${typeof type === 'string' ? type : 'Shape'}, ${figure(vertices)} ${vertices === 1 ? 'vertex' : 'vertices'}`;
}
