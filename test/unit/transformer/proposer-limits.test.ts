import { expect, test } from 'vitest';
import type { CatalogTable } from '../../../lib/transformer/propose/column-score.ts';
import { proposeMapping } from '../../../lib/transformer/propose/propose.ts';
import { builtInType } from '../../../lib/transformer/step.ts';

const WORDS = ['parcel', 'owner', 'sale', 'tax', 'levy', 'permit', 'value', 'zone', 'date', 'code'];
const word = (n: number) => WORDS[n % WORDS.length];

/** Tables that all look alike, which is the worst that a catalog can be. */
const alike = (tables: number, columns: number): readonly CatalogTable[] =>
  Array.from({ length: tables }, (_, t) => ({
    schema: 'public',
    name: `${word(t)}_${word(t * 7)}_${t}`,
    kind: 'r',
    key: ['id'],
    uniqueKeys: [['id']],
    foreignKeys: [],
    columns: Array.from({ length: columns }, (_, c) => ({
      name: c === 0 ? 'id' : `${word(c * 3 + t)}_${word(c)}_${c}`,
      type: builtInType('text'),
      declared: 'text',
      notNull: false,
      generated: false,
      identity: '' as const,
      hasDefault: false,
    })),
  }));

test.each([
  [400, 20],
  [5, 1600],
])(
  '%i tables of %i columns are refused before they are compared',
  (tables, columns) => {
    const side = { tables: alike(tables, columns) };
    expect(() => proposeMapping(side, side, { mask: true, mostCells: 320_000 })).toThrowError(
      expect.objectContaining({ code: 'suggestion_too_large' }),
    );
  },
  30_000,
);

test('as many as are compared come to an end', () => {
  const side = { tables: alike(40, 16) };
  expect(proposeMapping(side, side, { mask: true, mostCells: 320_000 }).tables).toHaveLength(40);
});
