import { describe, expect, it } from 'vitest';
import { delta, figure, kindOf, measuresOf, unitOf } from '../../../web/geometry/measures.ts';

const shape = (area: number, vertices: number, srid = 2926) => ({ srid, area, vertices });

describe('what shapes measure', () => {
  it('has the area and the vertices of each side, and the difference', () => {
    const shapes = {
      crs: 'EPSG:4326' as const,
      source: shape(14_600, 10),
      target: shape(12_500, 5),
      base: shape(9600, 10),
    };

    expect(measuresOf(shapes, 'geometry')).toEqual([
      { name: 'Area', base: '9,600', source: '14,600', target: '12,500', delta: '+2,100 (+16.8 %)' },
      { name: 'Vertices', base: '10', source: '10', target: '5', delta: '+5 (+100 %)' },
    ]);
    expect(unitOf(shapes, 'geometry')).toBe('units of EPSG:2926');
  });

  it('has no area of lines and points, and no difference where a side has no shape', () => {
    expect(measuresOf({ crs: 'as_stored', target: shape(0, 3, 0) }, 'geometry')).toEqual([
      { name: 'Vertices', target: '3' },
    ]);
    expect(unitOf({ crs: 'as_stored', target: shape(0, 3, 0) }, 'geometry')).toBe('units');
  });

  it('of a geography are metres', () => {
    const shapes = { crs: 'EPSG:4326' as const, source: shape(2, 5, 4326), target: shape(1, 5, 4326) };

    expect(measuresOf(shapes, 'geography')[0]).toMatchObject({ source: '2 m²', delta: '+1 (+100 %) m²' });
    expect(unitOf(shapes, 'geography')).toBe('m');
  });

  it.each([
    [5, 5, 'none'],
    [0, 4, '−4 (−100 %)'],
    [4, 0, '+4'],
    [0.0001234, 0, '+0.000123'],
  ])('%f against %f: %s', (source, target, said) => {
    expect(delta(source, target)).toBe(said);
  });

  it('keeps the first digits of what is small', () => {
    expect([figure(0.000012345), figure(1234.567)]).toEqual(['0.0000123', '1,234.57']);
  });

  it('names the kind', () => {
    expect(kindOf({ ...shape(1, 1), geojson: { type: 'Point', coordinates: [1, 2] } })).toBe('Point, 1 vertex');
    expect(kindOf(shape(1, 50_000))).toBe('Shape, 50,000 vertices');
  });
});
