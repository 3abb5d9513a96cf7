import { expect, test } from 'vitest';
import { nextPage } from '../../lib/postgres/change-source.ts';

test.each([
  ['narrow rows', 100, 100 * 60, 1_000],
  ['rows of 16 KiB, as two digits a byte', 1_000, 1_000 * 32_768, 128],
  ['rows of 5 KB', 100, 100 * 10_000, 419],
  ['the widest there are', 100, 100 * 1_000_000, 100],
  ['nothing', 0, 0, 100],
])('a page behind one of %s', (_, rows, bytes, next) => {
  expect(nextPage(rows, bytes)).toBe(next);
});
