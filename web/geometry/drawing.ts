import { type Outline, type Position, verticesOf } from './outline.ts';

export interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** Around all of them; undefined where there is nothing. */
export function boxOf(vertices: readonly Position[]): Box | undefined {
  const [first, ...rest] = vertices;
  if (!first) return undefined;
  let [west, south, east, north] = [first[0], first[1], first[0], first[1]];
  for (const [x, y] of rest) {
    west = Math.min(west, x);
    east = Math.max(east, x);
    south = Math.min(south, y);
    north = Math.max(north, y);
  }
  return { west, south, east, north };
}

/** Around the vertices that not all of the outlines have: what has changed. Undefined where they have the same. */
export function changedBox(outlines: readonly Outline[]): Box | undefined {
  const sets = outlines.map((outline) => new Map(verticesOf(outline).map((at) => [at.join(' '), at] as const)));
  const changed = sets.flatMap((set) => [...set].filter(([name]) => !sets.every((other) => other.has(name))));
  return boxOf(changed.map(([, at]) => at));
}

export interface Paper {
  /** In units of the picture. */
  readonly width: number;
  readonly height: number;
  readonly margin: number;
}

/** Where a position lies in the picture. */
export type Project = (at: Position) => Position;

/**
 * Puts a box in the middle of the paper, north at the top. `degrees`: a degree of longitude is drawn as long as it is on
 * the ground in the middle of the box. A box of no size, a point alone, lies in the middle.
 */
export function projection(box: Box, { width, height, margin }: Paper, degrees: boolean): Project {
  const [x, y] = [(box.west + box.east) / 2, (box.south + box.north) / 2];
  const narrow = degrees ? Math.max(0.01, Math.cos((y * Math.PI) / 180)) : 1;
  const across = (width - 2 * margin) / ((box.east - box.west) * narrow);
  const up = (height - 2 * margin) / (box.north - box.south);
  const scale = Math.min(across, up);
  const units = Number.isFinite(scale) ? scale : 1;
  return ([east, north]) => [width / 2 + (east - x) * narrow * units, height / 2 - (north - y) * units];
}

/** The `d` of an SVG path; rings are closed, so that the rule `evenodd` leaves holes open. */
export function pathOf({ lines, areas }: Pick<Outline, 'lines' | 'areas'>, project: Project): string {
  const drawn = (vertices: readonly Position[], end: string) =>
    vertices.length === 0 ? '' : `M${vertices.map((at) => project(at).map(rounded).join(' ')).join('L')}${end}`;
  return [...lines.map((line) => drawn(line, '')), ...areas.flat().map((ring) => drawn(ring, 'Z'))].join('');
}

/** A hundredth of a picture's unit is seen by nobody. Kept within what SVG readers can hold. */
export const rounded = (n: number): number => Math.round(Math.max(-1e6, Math.min(1e6, n)) * 100) / 100;
