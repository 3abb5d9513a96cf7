import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromItem, toAttribute, toItem } from '../../../functions/aws/dynamo/items.ts';

test('data comes back as it went, whatever its keys are called', () => {
  const names = fc.oneof(fc.string(), fc.constantFrom('constructor', 'toString', 'name', 'S', 'M', '__proto__'));
  const data = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(data.map, (item) => {
      const plain = JSON.parse(JSON.stringify(item)); // -0 is 0, as in DynamoDB
      expect(fromItem(toItem(plain as object))).toEqual(plain);
    }),
  );
  expect(Object.hasOwn(fromItem(toItem(JSON.parse('{"__proto__":{"a":1}}'))), '__proto__')).toBe(true);
});

test('what is undefined is left out; what JSON has no word for is refused', () => {
  expect(toItem({ a: undefined, b: [1, undefined, { c: undefined }] })).toEqual({
    b: { L: [{ N: '1' }, { M: {} }] },
  });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1n, () => 1, Symbol('s')]) {
    expect(() => toAttribute(value)).toThrow(TypeError);
  }
  // each would be stored as {} or as digits, in silence
  class Row {
    readonly id = 1;
  }
  for (const value of [new Date(0), new Map([['a', 1]]), new Set([1]), Buffer.from('ab'), /a/, new Row()]) {
    expect(() => toItem({ deep: [{ value }] })).toThrow(TypeError);
  }
  const bare = Object.assign(Object.create(null), { a: 1 });
  const elsewhere: unknown = runInNewContext('({ a: 1 })');
  for (const value of [bare, elsewhere]) expect(toAttribute(value)).toEqual({ M: { a: { N: '1' } } });
  expect(() => fromItem({ a: { SS: ['x'] } })).toThrow(TypeError);
});
