import * as z from 'zod';
import { all, column, defineRule, RuleProblem } from './rule.ts';

const TYPES = [
  'Point',
  'LineString',
  'Polygon',
  'MultiPoint',
  'MultiLineString',
  'MultiPolygon',
  'GeometryCollection',
] as const;

interface Geometry {
  readonly column: string;
  readonly valid?: boolean;
  readonly types?: readonly string[];
  readonly srid?: number;
  readonly bounds?: readonly number[];
}

const quoted = (words: readonly string[]) => words.map((w) => JSON.stringify(w)).join(', ');

export const geometry = defineRule<Geometry>({
  name: 'geometry',
  summary:
    'The shape is valid by the rules of OGC, of one of these types, in this reference system, and within `bounds` (least x, least y, greatest x, greatest y). An empty shape lies within no bounds; whether a curve is valid is not known.',
  settings: {
    column: z.string().min(1).max(200),
    valid: z.literal(true).optional(),
    types: z.array(z.enum(TYPES)).min(1).max(TYPES.length).optional(),
    srid: z.int().min(0).max(999_999).optional(),
    bounds: z.array(z.number()).min(4).max(4).optional(),
  },
  columns: (s) => [s.column],
  condition: ({ column: name, valid, types, srid, bounds }, { kindOf }) => {
    if (kindOf(name) !== 'geometry') throw new RuleProblem(`${name} is no geometry of PostGIS.`);
    const shape = column(name);
    const [left = 0, low = 0, right = 0, high = 0] = bounds ?? [];
    if (bounds && (left > right || low > high))
      throw new RuleProblem('bounds are the least x, the least y, the greatest x and the greatest y.');
    return all(
      [
        srid !== undefined && `srid(${shape}) == ${srid}`,
        types !== undefined && `geometryType(${shape}) in [${quoted(types)}]`,
        bounds !== undefined &&
          `xMin(${shape}) >= ${left} && yMin(${shape}) >= ${low} && xMax(${shape}) <= ${right} && yMax(${shape}) <= ${high}`,
        valid !== undefined && `isValid(${shape})`,
      ],
      'Give valid, types, srid, bounds or several of them.',
    );
  },
  examples: [
    {
      settings: { column: 'geom', valid: true, types: ['Polygon'], srid: 4326, bounds: [-180, -90, 180, 90] },
      columns: 'geom public.geometry',
      good: ["'SRID=4326;POLYGON((0 0,1 0,1 1,0 0))'", 'null'],
      bad: [
        "'SRID=4326;POLYGON((0 0,1 1,1 0,0 1,0 0))'",
        "'SRID=4326;POINT(1 1)'",
        "'SRID=3857;POLYGON((0 0,1 0,1 1,0 0))'",
        "'SRID=4326;POLYGON((179 0,181 0,181 1,179 0))'",
        "'SRID=4326;POLYGON EMPTY'",
      ],
      postgis: true,
    },
  ],
});
