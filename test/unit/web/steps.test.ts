import { expect, test } from 'vitest';
import { healingView } from '../../../lib/audit/healing.ts';
import { dataText } from '../../../web/job/audit-filters.ts';
import { stepsTaken } from '../../../web/job/steps.ts';
import { tablesText } from '../../../web/job/table-words.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
const note = (second: number, type: string, data: Record<string, string | number>) =>
  healingView({ at: at(second), type, data } as Parameters<typeof healingView>[0]);

test('what was done to one table for one reason is one step, with the name of the table', () => {
  const tables = [{ table: 3, name: 'public.deeds' }];
  const steps = stepsTaken(
    [
      note(5, 'healing.paused', { code: 'target_busy' }),
      note(4, 'healing.row_isolated', { table: 'table 3', segment: 1, pass: 'apply', code: 'check_failed' }),
      note(3, 'healing.row_isolated', {
        table: 'public.deeds',
        segment: 2,
        pass: 'apply',
        code: 'check_failed',
        times: 4,
      }),
      note(2, 'healing.row_isolated', { table: 'public.deeds', segment: 2, pass: 'apply', code: 'null_refused' }),
    ],
    tables,
  );

  expect(steps.map(({ type, times, at }) => [type, times, at])).toEqual([
    ['healing.paused', 1, at(5)],
    ['healing.row_isolated', 5, at(4)],
    ['healing.row_isolated', 1, at(2)],
  ]);
  expect(steps[1]?.message).toMatch(/^public\.deeds: .*check_failed\.$/);
});

test('tables are counted as tables, whatever waits in them', () => {
  const states = ['validated', 'conflicting', 'conflicting', 'conflicting', 'quarantined', 'pending'] as const;
  const text = tablesText(states, true).split(' · ').sort();
  expect(text).toEqual([
    '1 table not begun',
    '1 table verified',
    '1 table with rows put aside',
    '3 tables with conflicts',
  ]);
});

test('an event says its table first, and fingerprints last', () => {
  const print = 'a'.repeat(32);
  const text = dataText({ before: print, inputs: { source: print }, winner: 'source', table: 'public.t' });
  expect(text).toMatch(/^table public\.t, winner source, before a+, inputs /);
});
