import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataTypeOf, dataTypes, isKnownType } from '../../../lib/data-types/registry.ts';
import { geometryShape, showGeometry } from '../../../lib/data-types/spatial.ts';

const type = (name: string, schema = 'pg_catalog', kind = 'b') => {
  const base = { schema, name, kind };
  return { ...base, base };
};
const shown = (name: string, value: string) => dataTypeOf(type(name)).show?.(value) ?? value;

test('finds a handler for every type and says of which nothing is known', () => {
  const found = [
    type('int8'),
    type('_numeric'),
    type('_text'),
    type('zone', 'public', 'e'),
    type('citext', 'anywhere'),
    type('geometry', 'gis'),
    type('mine', 'public', 'c'),
    type('spans', 'public', 'r'),
    type('tsvector'),
    type('cube', 'ext'),
    type('int8', 'public'),
  ];

  expect(found.map((t) => [dataTypeOf(t).name, isKnownType(t)])).toEqual([
    ['bigint', true],
    ['numeric text', true],
    ['array', true],
    ['enum', true],
    ['citext', true],
    ['geometry', true],
    ['composite', true],
    ['range', true],
    ['textual', true],
    ['unknown', false],
    ['unknown', false],
  ]);
});

test('handlers have names of their own', () => {
  expect(new Set(dataTypes.map((h) => h.name)).size).toBe(dataTypes.length);
});

test.each([
  ['bool', 't', 'true'],
  ['bpchar', 'ab   ', 'ab'],
  ['interval', 'P1Y2M3DT4H5M6.789012S', '1 year 2 months 3 days 4 hours 5 minutes 6.789012 seconds'],
  ['interval', 'P-1MT-0.5S', '-1 month -0.5 seconds'],
  ['interval', 'PT0S', '0 seconds'],
  ['interval', 'infinity', 'infinity'],
  ['bytea', '\\x00ff', '\\x00ff'],
  ['bytea', `\\x${'ab'.repeat(100)}`, `\\x${'ab'.repeat(32)}… (100 bytes)`],
  ['uuid', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001'],
] as const)('shows %s %s as %s', (name, value, expected) => {
  expect(shown(name, value)).toBe(expected);
});

test('shows kind, dimensions and SRID of a geometry', () => {
  expect(showGeometry('0101000020E6100000000000000000F03F0000000000000040')).toBe('POINT, SRID 4326, 25 bytes');
  expect(showGeometry('0101000080000000000000F03F00000000000000400000000000000840')).toBe('POINT Z, 29 bytes');
  expect(showGeometry('0103000000' + '00000000')).toBe('POLYGON, 9 bytes');
  expect(showGeometry('nonsense')).toBe('nonsense');
});

test('shows anything at all as text', () => {
  fc.assert(
    fc.property(fc.string(), (value) => dataTypes.every((h) => typeof (h.show?.(value) ?? value) === 'string')),
    { seed: 1 },
  );
});

test('the shape of a geometry names its functions by the schema of the type', () => {
  const shape = geometryShape(0.001);

  const sql = shape.canonical('t.g', type('geography', 'my "gis"').base);

  expect(sql.match(/st_\w+/g)?.length).toBe(sql.match(/"my ""gis"""\.st_\w+/g)?.length);
  expect(sql).toContain('t.g::"my ""gis"""."geometry"');
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a grid of %d', (grid) => {
  expect(() => geometryShape(grid)).toThrow(RangeError);
});
