import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxOf, changedBox, pathOf, projection } from '../../../web/geometry/drawing.ts';
import { outlineOf, type Position, verticesOf } from '../../../web/geometry/outline.ts';

const PAPER = { width: 100, height: 100, margin: 10 };
const ring = (size: number, at = 0): Position[] => [
  [at, at],
  [at + size, at],
  [at + size, at + size],
  [at, at + size],
  [at, at],
];

describe('the outline of GeoJSON', () => {
  it.each([
    [{ type: 'Point', coordinates: [1, 2] }, { points: [[1, 2]] }],
    [{ type: 'Point', coordinates: [1, 2, 3] }, { points: [[1, 2]] }],
    [{ type: 'Point', coordinates: [] }, { points: [] }],
    [{ type: 'Point', coordinates: [JSON.parse('1e999'), 0] }, { points: [] }],
    [
      {
        type: 'MultiPoint',
        coordinates: [
          [1, 2],
          [3, 4],
        ],
      },
      {
        points: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    [
      {
        type: 'LineString',
        coordinates: [
          [1, 2],
          [3, 4],
        ],
      },
      {
        lines: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
    ],
    [{ type: 'MultiLineString', coordinates: [[[1, 2]], [[3, 4]]] }, { lines: [[[1, 2]], [[3, 4]]] }],
    [{ type: 'Polygon', coordinates: [ring(9), ring(1, 4)] }, { areas: [[ring(9), ring(1, 4)]] }],
    [{ type: 'MultiPolygon', coordinates: [[ring(1)], [ring(2, 5)]] }, { areas: [[ring(1)], [ring(2, 5)]] }],
    [
      {
        type: 'GeometryCollection',
        geometries: [
          { type: 'Point', coordinates: [1, 2] },
          {
            type: 'GeometryCollection',
            geometries: [
              {
                type: 'LineString',
                coordinates: [
                  [1, 2],
                  [3, 4],
                ],
              },
            ],
          },
        ],
      },
      {
        points: [[1, 2]],
        lines: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
    ],
  ])('%j', (geojson, found) => {
    expect(outlineOf(geojson)).toEqual({ points: [], lines: [], areas: [], ...found });
  });

  it.each([undefined, null, 'Point', 7, [], {}, { type: 'Circle', coordinates: [1, 2] }])('%j has none', (value) => {
    expect(outlineOf(value)).toBeUndefined();
  });

  it('of anything at all is drawn with numbers alone', () => {
    const type = fc.constantFrom('Point', 'MultiPoint', 'LineString', 'Polygon', 'MultiPolygon', 'GeometryCollection');
    fc.assert(
      fc.property(fc.record({ type, coordinates: fc.jsonValue(), geometries: fc.jsonValue() }), (geojson) => {
        const outline = outlineOf(geojson);
        expect(outline).toBeDefined();
        if (!outline) return;
        const box = boxOf(verticesOf(outline));
        if (box) expect(pathOf(outline, projection(box, PAPER, false))).toMatch(/^[MLZ\d .e+-]*$/);
      }),
    );
  });
});

describe('a drawing', () => {
  const square = { west: 0, south: 0, east: 10, north: 10 };

  it('has north at the top and keeps to its margin', () => {
    const project = projection(square, PAPER, false);

    expect([project([0, 0]), project([10, 10]), project([5, 5])]).toEqual([
      [10, 90],
      [90, 10],
      [50, 50],
    ]);
  });

  it('draws a degree of longitude as long as it is on the ground', () => {
    const project = projection({ west: 10, south: 59, east: 11, north: 61 }, PAPER, true);
    const [[x0], [x1]] = [project([10, 60]), project([11, 60])];
    const [[, y0], [, y1]] = [project([10, 60]), project([10, 61])];

    expect((x1 - x0) / (y0 - y1)).toBeCloseTo(0.5, 6); // cos 60°
  });

  it('shows a point alone in the middle', () => {
    const box = boxOf([[7, 7]]);

    expect(box && projection(box, PAPER, false)([7, 7])).toEqual([50, 50]);
  });

  it('closes rings, and no lines', () => {
    const project = projection(square, PAPER, false);

    expect(pathOf({ areas: [[ring(10)]], lines: [] }, project)).toBe('M10 90L90 90L90 10L10 10L10 90Z');
    expect(
      pathOf(
        {
          areas: [],
          lines: [
            [
              [0, 0],
              [10, 10],
            ],
          ],
        },
        project,
      ),
    ).toBe('M10 90L90 10');
  });

  it('knows where two shapes differ', () => {
    const [a, b] = [ring(10), ring(10).map(([x, y]): Position => (x === 10 && y === 10 ? [12, 11] : [x, y]))];
    const areas = (vertices: readonly Position[]) => ({ points: [], lines: [], areas: [[vertices]] });

    expect(changedBox([areas(a), areas(b)])).toEqual({ west: 10, south: 10, east: 12, north: 11 });
    expect(changedBox([areas(a), areas(a)])).toBeUndefined();
  });
});
