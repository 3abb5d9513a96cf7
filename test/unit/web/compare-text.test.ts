import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTexts, type Stretch } from '../../../web/compare-text.ts';

const side = (stretches: readonly Stretch[], of: 'source' | 'target') =>
  stretches
    .filter((s) => s.in === 'both' || s.in === of)
    .map(({ text }) => text)
    .join('');

describe('two texts as one', () => {
  it('names what each has alone', () => {
    expect(compareTexts('the very long road', 'the long way', 'text')).toEqual([
      { text: 'the ', in: 'both' },
      { text: 'very ', in: 'source' },
      { text: 'long ', in: 'both' },
      { text: 'way', in: 'target' },
      { text: 'road', in: 'source' },
    ]);
  });

  it('compares documents by their members, in whatever order they stand', () => {
    const found = compareTexts('{"b": 1, "a": {"c": [1, 2]}}', '{"a": {"c": [1, 3]}, "b": 1}', 'jsonb');

    expect(found.filter((s) => s.in !== 'both')).toEqual([
      { text: '      3\n', in: 'target' },
      { text: '      2\n', in: 'source' },
    ]);
  });

  it('does not take numbers for the same that JavaScript rounds to the same', () => {
    const found = compareTexts('{"id": 12345678901234567}', '{"id": 12345678901234568}', 'jsonb');

    expect(found.some((s) => s.in === 'source')).toBe(true);
  });

  it.each(['<img src=x onerror=alert(1)>', '{"__proto__": {"x": 1}}', '\u202e\u0000\ud800', '{"a": …', ''])(
    'loses nothing of %j',
    (text) => {
      const found = compareTexts(text, `x ${text}`, 'text');

      expect([side(found, 'source'), side(found, 'target')]).toEqual([text, `x ${text}`]);
    },
  );

  it('gives both texts back, whatever they hold', () => {
    const any = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(any, any, fc.constantFrom('text', 'json'), (source, target, type) => {
        fc.pre(!/^\s*[{[]/.test(source + target)); // documents are written anew
        const found = compareTexts(source, target, type);
        expect([side(found, 'source'), side(found, 'target')]).toEqual([source, target]);
      }),
    );
  });

  it('does not hold the page up over long texts that have nothing in common', () => {
    const words = (seed: number) => Array.from({ length: 30_000 }, (_, i) => ((i * seed) % 9973) * seed).join('\n');
    const found = compareTexts(words(7919), words(104_729), 'text');

    expect(side(found, 'source')).toBe(words(7919));
  });
});
