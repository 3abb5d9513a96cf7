import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance } from '../../../functions/api/did-you-mean.ts';
import { badKey, deeperThan, jsonFault } from '../../../functions/api/json.ts';

describe('a field that stands twice', () => {
  it.each([
    ['{"a":1,"a":1}', 'body_duplicate_key', 1, 8],
    ['{"a":{"b":1,\n "b":[]}}', 'body_duplicate_key', 2, 2],
    ['[{},{"a":{"a":1},"\\u0061":2}]', 'body_duplicate_key', 1, 18],
    ['{"":1,"":2}', 'body_duplicate_key', 1, 7],
    ['{"a":[{"__proto__":1}]}', 'body_forbidden_key', 1, 8],
    ['{"\\u005f_proto__":1}', 'body_forbidden_key', 1, 2],
  ])('in %s is found: %s', (text, code, line, column) => {
    expect(badKey(text)).toEqual({ code, line, column });
  });

  it.each([
    '{"a":{"a":{"a":"a"}},"b":["a","a","__proto__"]}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":","b":"{\\"b\\":1"}',
    '{"constructor":1,"toString":2,"A":1,"a":2}',
    '7',
    '"a"',
  ])('is not found in %s', (text) => {
    expect(badKey(text)).toBeUndefined();
  });

  it('is found where an object has fewer fields than its text, and nowhere else', () => {
    const key = fc.constantFrom('a', 'b', 'ab', '"', '\\', ':', '{', 'ä');
    const field = fc.tuple(
      key,
      fc.oneof(
        fc.json(),
        key.map((k) => JSON.stringify(k)),
      ),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 5 }), (fields) => {
        fc.pre(fields.every(([, value]) => badKey(value) === undefined));
        const text = `{${fields.map(([k, value]) => `${JSON.stringify(k)}: ${value}`).join(', ')}}`;
        expect(badKey(text) !== undefined).toBe(Object.keys(JSON.parse(text)).length < fields.length);
      }),
    );
  });

  it('costs little, whatever the body is', () => {
    const started = performance.now();
    for (const text of [
      JSON.stringify({ a: 'x'.repeat(250_000) }),
      JSON.stringify({ a: '\\"'.repeat(60_000) }),
      `[${'{},'.repeat(80_000)}{}]`,
      JSON.stringify(Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`f${i}`, 1]))),
    ])
      expect(badKey(text)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2_000); // 60 ms alone
  });
});

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
