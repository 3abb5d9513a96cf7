import { expect, expectTypeOf, test } from 'vitest';
import type { JobStatus, JobSummary } from '../../../lib/model/answers.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import { jobShare, tableShare } from '../../../lib/model/progress.ts';
import type { StatusView, JobSummary as SummaryView } from '../../../lib/orchestrator/status.ts';
import { tokenInFragment } from '../../../web/fragment.ts';
import { absolute, ago, percent, timeOfDay, toMinute } from '../../../web/words.ts';

/** JSON has no undefined; the types of the schemas allow it in fields that may be left out. */
type Sent<T> = T extends object ? { [K in keyof T]: Sent<Exclude<T[K], undefined>> } : T;

test('what the API sends is what its clients expect', () => {
  expectTypeOf<Sent<StatusView>>().toExtend<JobStatus>();
  expectTypeOf<Sent<SummaryView>>().toExtend<JobSummary>();
});

test.each([
  [0, 'just now'],
  [-5000, 'just now'],
  [12_400, '12 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3 * 3600_000, '3 h ago'],
  [24 * 3600_000, '1 day ago'],
  [49 * 3600_000, '2 days ago'],
])('%i ms are %s', (ms, text) => {
  expect(ago(1_000_000, 1_000_000 + ms)).toBe(text);
});

test('an instant in full holds UTC', () => {
  expect(absolute('2026-11-23T10:00:05.123Z')).toContain('(2026-11-23 10:00:05 UTC)');
});

test('an instant to the minute names its zone, and a time of day has whole seconds', () => {
  expect(toMinute('2026-11-23T10:00:05.123Z')).toMatch(/^\d+ Nov 2026, \d\d:\d\d (UTC|GMT|[A-Z]{2,5})/);
  expect(timeOfDay(Date.parse('2026-11-23T10:00:05.500Z'))).toMatch(/^\d\d:\d\d:05$/);
});

test('a share is rounded down, and is all only at the end', () => {
  const counts = { ...NO_COUNTS, read: 120 };
  const table = {
    state: 'running',
    pass: 'apply',
    counts,
    rows_estimate: 100,
    segments: { total: 3, done: 1 },
  } as const;

  expect(percent(tableShare(table))).toBe('99 %');
  expect(percent(tableShare({ ...table, pass: 'verify' }))).toBe('33 %');
  for (const state of ['verified', 'compared', 'unverified'] as const) expect(tableShare({ ...table, state })).toBe(1);
  expect(percent(jobShare({ state: 'running', counts, rows_estimate: 0 }))).toBe('0 %');
  expect(percent(jobShare({ state: 'failed', counts, rows_estimate: 100 }))).toBe('99 %');
  expect(percent(jobShare({ state: 'completed', counts, rows_estimate: 1000 }))).toBe('100 %');
});

test('the token of an address is taken whole, and nothing is made of other fragments', () => {
  expect(tokenInFragment('#token=aaa.bbb-_.ccc')).toBe('aaa.bbb-_.ccc');
  for (const other of ['', '#', '#content', '#token=', '#token=%20', '#tokens=a']) {
    expect(tokenInFragment(other)).toBeUndefined();
  }
});
