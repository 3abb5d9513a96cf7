import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../web/json-place.ts';

const TEXT = `{
  "a": { "b/c": [1, "x\\"]", { "d": null }] },
  "~e": "é"
}`;

const shown = (pointer: string) => {
  const { from, to, line } = placeOf(TEXT, pointer);
  return [TEXT.slice(from, to), line];
};

describe('the place of a value in a JSON text', () => {
  it.each([
    ['/a/b~1c/0', '1', 2],
    ['/a/b~1c/1', '"x\\"]"', 2],
    ['/a/b~1c/2/d', 'null', 2],
    ['/~0e', '"é"', 3],
    ['/a', '{ "b/c": [1, "x\\"]", { "d": null }] }', 2],
    ['', TEXT, 1],
  ])('%s', (pointer, value, line) => {
    expect(shown(pointer)).toEqual([value, line]);
  });

  it('of what is not there is that of what is around it', () => {
    expect(shown('/a/b~1c/2/missing')).toEqual(['{ "d": null }', 2]);
    expect(shown('/missing/x')).toEqual([TEXT, 1]);
  });

  it('is that of every value of any document, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(0, 2), (document, indent) => {
        const text = JSON.stringify(document, null, indent);
        for (const [pointer, value] of walk(document, '')) {
          const { from, to } = placeOf(text, pointer);
          expect(JSON.parse(text.slice(from, to))).toEqual(JSON.parse(JSON.stringify(value)));
        }
      }),
    );
  });
});

function* walk(value: unknown, pointer: string): Generator<readonly [string, unknown]> {
  yield [pointer, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value))
    yield* walk(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}
