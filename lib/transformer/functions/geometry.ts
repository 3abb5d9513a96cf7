import { ident } from '../../model/quote.ts';
import { call, constant, within } from '../sql.ts';
import type { ExpressionEnv } from '../sql-expression.ts';
import type { Made, Term } from '../term.ts';
import { aGeometry, COUNT_DIGITS, type ExpressionFunction } from './function.ts';

/** Kinds that all measures know; curves, surfaces and triangles make some of them raise an error. */
const PLAIN = ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon', 'GeometryCollection'];

const of = (env: ExpressionEnv, name: string, sql: string) => `${ident(env.postgis ?? '')}.${name}(${sql})`;
const kindOf = (env: ExpressionEnv, sql: string) => of(env, 'st_geometrytype', sql);
const ifPlain = (env: ExpressionEnv, t: Term, sql: string) =>
  `(case when ${kindOf(env, t.sql)} in (${PLAIN.map((k) => `'ST_${k}'`).join(', ')}) then ${sql} end)`;

/** A measure as the decimal it is written as; NULL where it is no number. */
const measured = (sql: string): Made => ({
  kind: 'number',
  sql: within(
    `${sql}::pg_catalog.text::pg_catalog.numeric`,
    constant('numeric', '-1e300'),
    constant('numeric', '1e300'),
  ),
  digits: { whole: 300, scale: 345, integer: false },
  fails: true,
});

const measure = (name: string, how: string, summary: string): ExpressionFunction => ({
  name,
  summary,
  parameters: [aGeometry('geometry')],
  examples: [],
  build: ([t], env) => measured(ifPlain(env, t as Term, of(env, how, (t as Term).sql))),
});

const ordinate = (name: 'x' | 'y'): ExpressionFunction => ({
  name,
  summary: `The ${name} of a point that is not empty.`,
  parameters: [aGeometry('geometry')],
  examples: [],
  build: ([t], env) => {
    const { sql } = t as Term;
    return measured(`(case when ${kindOf(env, sql)} = 'ST_Point' then ${of(env, `st_${name}`, sql)} end)`);
  },
});

const count = (name: string, how: string, summary: string): ExpressionFunction => ({
  name,
  summary,
  parameters: [aGeometry('geometry')],
  examples: [],
  build: ([t], env) => ({
    kind: 'number',
    sql: `${of(env, how, (t as Term).sql)}::pg_catalog.numeric`,
    digits: COUNT_DIGITS,
  }),
});

export const geometryFunctions: readonly ExpressionFunction[] = [
  measure('area', 'st_area', 'Area in squared units of the reference system, of what is no curve.'),
  measure('length', 'st_length', 'Length of lines in units of the reference system, of what is no curve.'),
  measure(
    'perimeter',
    'st_perimeter',
    'Length of the edges of areas in units of the reference system, of what is no curve.',
  ),
  ordinate('x'),
  ordinate('y'),
  count('srid', 'st_srid', 'Number of the reference system; 0: unknown.'),
  count('numPoints', 'st_npoints', 'Vertices.'),
  {
    name: 'isValid',
    summary: 'Whether an area neither crosses nor touches itself, by the rules of OGC; of what is no curve.',
    parameters: [aGeometry('geometry')],
    examples: [],
    build: ([t], env) => ({
      kind: 'bool',
      sql: ifPlain(env, t as Term, of(env, 'st_isvalid', (t as Term).sql)),
      fails: true,
    }),
  },
  {
    name: 'geometryType',
    summary: 'Point, LineString, Polygon, MultiPolygon and so on.',
    parameters: [aGeometry('geometry')],
    examples: [],
    build: ([t], env) => ({
      kind: 'text',
      sql: `(${call('substr', kindOf(env, (t as Term).sql), 4)} collate "C")`,
      characters: 30,
    }),
  },
];
