import type { ColumnType } from '../model/table.ts';
import { type DataTypeHandler, extension, textOf } from './handler.ts';

const KINDS = [
  'POINT',
  'LINESTRING',
  'POLYGON',
  'MULTIPOINT',
  'MULTILINESTRING',
  'MULTIPOLYGON',
  'GEOMETRYCOLLECTION',
  'CIRCULARSTRING',
  'COMPOUNDCURVE',
  'CURVEPOLYGON',
  'MULTICURVE',
  'MULTISURFACE',
  'CURVE',
  'SURFACE',
  'POLYHEDRALSURFACE',
  'TIN',
  'TRIANGLE',
];

/** Off any grid, with a hole, both rings begun elsewhere than in normal order: servers of other versions must agree on it. */
const SAMPLE =
  'SRID=4326;MULTIPOLYGON(((3.1 0.7,3.3000000000000003 3.9,0.1 3.7,0.2 0.3,3.1 0.7),(2.1 1.1,1.2 1.3,1.7 2.9,2.1 1.1)))';

/** What the head of an EWKB in hex says: `POLYGON Z, SRID 2926, 1234 bytes`. */
export function showGeometry(value: string): string {
  if (!/^0[01][0-9A-F]{8}/i.test(value)) return value;
  const head = Buffer.from(value.slice(0, 18), 'hex');
  const little = head[0] === 1;
  const word = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const type = word(1);
  const hasSrid = (type & 0x20000000) !== 0 && head.length >= 9;
  const axes = `${type & 0x80000000 ? 'Z' : ''}${type & 0x40000000 ? 'M' : ''}`;
  const kind = [KINDS[(type & 0xff) - 1] ?? 'GEOMETRY', axes].filter(Boolean).join(' ');
  return `${kind}, ${hasSrid ? `SRID ${word(5)}, ` : ''}${value.length / 2} bytes`;
}

/** PostGIS geometry and geography, bit for bit: their text is EWKB in hex, with SRID, Z and M, empty ones and curves. */
export const geometry: DataTypeHandler = {
  name: 'geometry',
  equality: 'The same EWKB: kind, SRID, dimensions, and every vertex in its order, bit for bit.',
  handles: extension('geometry', 'geography'),
  canonical: textOf,
  show: showGeometry,
  probe: { literal: SAMPLE },
};

/** Kinds that PostGIS can put on a grid and into normal order; others make its functions fail. */
const PLAIN = ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon', 'GeometryCollection'];

/** SQL of the EWKB of a shape in normal order on a grid of `size`. */
function shapeOf(column: string, type: ColumnType['base'], size: string): string {
  const schema = `"${type.schema.replaceAll('"', '""')}"`;
  const value = type.name === 'geography' ? `${column}::${schema}."geometry"` : column;
  const kind = `${schema}.st_geometrytype(${value})`;
  const snapped = `coalesce(${schema}.st_snaptogrid(${value}, 0, 0, ${size}, ${size}), ${value})`;
  const ewkb = (g: string) => `${schema}.st_asewkb(${g}, 'NDR')`;
  return `(case when ${schema}.st_hasarc(${value}) or ${kind} not in (${PLAIN.map((k) => `'ST_${k}'`).join(', ')})
      or (${kind} = 'ST_GeometryCollection' and ${schema}.st_asewkt(${value}) ~ 'POLYHEDRAL|TIN|TRIANGLE') then ${ewkb(value)}
    when ${schema}.st_zmflag(${value}) in (1, 3) then ${ewkb(snapped)}
    else ${ewkb(`${schema}.st_normalize(${snapped})`)} end)`;
}

/**
 * PostGIS geometry and geography by shape: SRID, kind and dimensions, and the vertices on a grid of `grid` units of the
 * SRID, in PostGIS's normal order (a ring may begin anywhere and run either way). Z and M are not put on the grid.
 *
 * Two vertices closer than the grid may still fall into two of its cells: then the shapes differ. Curves and surfaces of
 * triangles or faces are exact, because PostGIS cannot put all of them on a grid; M keeps its order of vertices, because
 * ST_Normalize would lose it. Where a shape falls into one cell it counts as it is. Throws RangeError where `grid` is not a
 * positive number.
 */
export function geometryShape(grid: number): DataTypeHandler {
  if (!(grid > 0 && Number.isFinite(grid))) throw new RangeError(`The grid must be a positive number, not ${grid}.`);
  return {
    ...geometry,
    name: `geometry shape ${grid}`,
    equality: `The same SRID, kind and dimensions, and the same shape on a grid of ${grid}.`,
    canonical: (column, type) => shapeOf(column, type, `${grid}::pg_catalog.float8`),
  };
}
