import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance } from '../../../functions/api/did-you-mean.ts';
import { deeperThan, jsonFault } from '../../../functions/api/json.ts';

describe('the place where JSON breaks', () => {
  it.each([
    ['', 1, 1],
    ['{', 1, 2],
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ['[1,]', 1, 4],
    ['[1 2]', 1, 4],
    ['{"a":1}}', 1, 8],
    ['{a:1}', 1, 2],
    ['{"a":NaN}', 1, 6],
    ['{"a":01}', 1, 7],
    ['{"a":"x\ny"}', 1, 6],
    ['{"a":"\\x"}', 1, 6],
    ['{\r\n"a": tru}', 2, 6],
    ['[}', 1, 2],
    ['{]', 1, 2],
    ['\ufeff{}', 1, 1],
  ])('in %j is line %i, column %i', (text, line, column) => {
    expect(jsonFault(text)).toEqual({ line, column });
  });

  it('is found exactly where JSON.parse fails', () => {
    const valid = fc.json({ noUnicodeString: false });
    const broken = fc
      .tuple(valid, fc.nat(), fc.constantFrom('', '"', ',', '}', '\n', 'x', '\\', '0', '-'))
      .map(
        ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
      );
    fc.assert(
      fc.property(fc.oneof(valid, broken, fc.string()), (text) => {
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }

        expect(jsonFault(text) === undefined).toBe(parses);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('did you mean', () => {
  const words = ['source_connection', 'target_connection', 'config', 'batch_size', 'hash'];

  it.each([
    ['sorce_connection', 'source_connection'],
    ['Target_Connection', 'target_connection'],
    ['batchSize', 'batch_size'],
    ['conifg', 'config'],
    ['hahs', 'hash'],
    ['zebra', undefined],
    ['', undefined],
    ['x'.repeat(1000), undefined],
  ])('%s: %s', (typed, expected) => {
    expect(didYouMean(typed, words)).toBe(expected);
  });

  it('counts a swap, an insertion, a deletion and a replacement as one each', () => {
    expect(editDistance('abcd', 'abdc')).toBe(1);
    expect(editDistance('abcd', 'abxcd')).toBe(1);
    expect(editDistance('abcd', 'abd')).toBe(1);
    expect(editDistance('abcd', 'abxd')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });
});

describe('the depth of a text', () => {
  it.each([
    ['[]', 1],
    ['{"a": [1, {"b": {}}]}', 4],
    ['{"[[[[": "]]}}{{{{", "\\"{": "\\\\", "c": [[]]}', 3],
    ['[[], [], []]', 2],
    [`${'['.repeat(10_000)}`, 10_000],
  ])('of %.20s is %i', (text, depth) => {
    expect(deeperThan(depth - 1, text)).toBe(true);
    expect(deeperThan(depth, text)).toBe(false);
  });

  it('is found in one look, also where a string never ends', () => {
    expect(deeperThan(20, `"${'\\"'.repeat(1_000_000)}`)).toBe(false); // a quadratic reader would run into the test's limit
  });
});
