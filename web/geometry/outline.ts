/** East and north, or x and y. */
export type Position = readonly [number, number];

/** What is drawn of a geometry, of whatever kind. */
export interface Outline {
  readonly points: readonly Position[];
  readonly lines: readonly (readonly Position[])[];
  /** Polygons: the outer ring first, then its holes. */
  readonly areas: readonly (readonly (readonly Position[])[])[];
}

const NOTHING: Outline = { points: [], lines: [], areas: [] };

/** Collections within collections; PostGIS refuses deeper ones. */
const DEEPEST = 32;

/** Takes GeoJSON apart. What is no GeoJSON has no outline; an empty geometry has an empty one. */
export function outlineOf(geojson: unknown, depth = 0): Outline | undefined {
  if (typeof geojson !== 'object' || geojson === null || depth > DEEPEST) return undefined;
  const { type, coordinates, geometries } = geojson as Readonly<Record<string, unknown>>;
  switch (type) {
    case 'Point':
      return { ...NOTHING, points: positions([coordinates]) };
    case 'MultiPoint':
      return { ...NOTHING, points: positions(coordinates) };
    case 'LineString':
      return { ...NOTHING, lines: [positions(coordinates)] };
    case 'MultiLineString':
      return { ...NOTHING, lines: list(coordinates).map(positions) };
    case 'Polygon':
      return { ...NOTHING, areas: [list(coordinates).map(positions)] };
    case 'MultiPolygon':
      return { ...NOTHING, areas: list(coordinates).map((rings) => list(rings).map(positions)) };
    case 'GeometryCollection':
      return list(geometries).reduce<Outline>((sum, one) => both(sum, outlineOf(one, depth + 1)), NOTHING);
    default:
      return undefined;
  }
}

function both(a: Outline, b: Outline = NOTHING): Outline {
  return {
    points: [...a.points, ...b.points],
    lines: [...a.lines, ...b.lines],
    areas: [...a.areas, ...b.areas],
  };
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const positions = (value: unknown): readonly Position[] =>
  list(value).flatMap((at): readonly Position[] => {
    const [x, y] = list(at);
    return typeof x === 'number' && typeof y === 'number' && Number.isFinite(x) && Number.isFinite(y) ? [[x, y]] : [];
  });

/** Every vertex, in the order in which it is drawn. */
export const verticesOf = ({ points, lines, areas }: Outline): readonly Position[] => [
  ...points,
  ...lines.flat(),
  ...areas.flat(2),
];
