import { expect, test } from 'vitest';
import { few } from '../support/level.ts';

test('a sample is spread from the first to the last, without repetition; a long run has all', () => {
  const all = Array.from({ length: 17 }, (_, i) => i);

  expect(few(all, 5, false)).toEqual([0, 4, 8, 12, 16]);
  for (const count of [1, 2, 3, 7, 16, 17, 40]) {
    const sample = few(all, count, false);
    expect(new Set(sample).size).toBe(Math.min(count, 17));
    expect(sample[0]).toBe(0);
  }
  expect(few(all, 5, true)).toEqual(all);
});
