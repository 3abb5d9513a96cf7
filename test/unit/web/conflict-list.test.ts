import { expect, test } from 'vitest';
import { byAge, countsText, type Placed, placeIn } from '../../../web/conflict-list.ts';

const at = (second: number, key: string, table = 'public.t'): Placed => ({
  conflict_id: `${table}${key}`,
  opened_at: `2026-01-01T00:00:0${second}.000Z`,
  table,
  key: [key],
});
const keys = (list: readonly Placed[]) => list.map(({ key }) => key[0]);

test('conflicts of one time are in the order of their keys, numbers as numbers', () => {
  const list = [at(2, '1'), at(1, '15'), at(1, '7'), at(1, '10'), at(1, 'b'), at(1, '8', 'public.a')];
  expect(keys(list.sort(byAge))).toEqual(['8', '7', '10', '15', 'b', '1']);
});

test('whoever comes back goes on where they left, or at the next where it is gone', () => {
  const list = [at(1, '7'), at(1, '10'), at(1, '15')];
  expect(placeIn(list, at(1, '10'))).toBe(1);
  expect(placeIn(list, at(1, '8'))).toBe(1);
  expect(placeIn(list, at(2, '1'))).toBe(-1);
});

test.each([
  [{ open: 7, all: 23 }, 23, '7 open of 23'],
  [{ open: 1, all: 2 }, 23, '1 open of 23, 21 met again by a later job'],
  [{ open: 7, all: 30 }, 23, '7 open of 30'],
  [{ open: 1000, all: 1000, more: true }, 5000, '1,000 or more open of over 1,000'],
  [{ open: 3, all: 1000, more: true }, 5000, '3 open of over 1,000'],
])('%j of %i that were met: %s', (counts, met, text) => {
  expect(countsText(counts, met)).toBe(text);
});
