import { expect, test } from 'vitest';
import type { TableDetail } from '../../../lib/model/answers.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import { begunFirst, segmentCounts, segmentLines } from '../../../web/job/segment-words.ts';

const begun = (segment: number, finished: boolean, pass = 'apply') => ({
  ...{ segment, pass, finished, epoch: 1, counts: NO_COUNTS, updated_at: '2026-11-23T10:00:00.000Z' },
});
const detail = (total: number, ...all: ReturnType<typeof begun>[]) =>
  ({
    pass: 'apply',
    segments: { total, done: all.filter((one) => one.finished).length },
    begun: all,
  }) as unknown as TableDetail;

test('each segment has a state: of those that have not begun only the position is known', () => {
  const lines = segmentLines(detail(4, begun(0, true), begun(2, false)), false);

  expect(lines.map(({ state }) => state)).toEqual(['done', 'waiting', 'working', 'waiting']);
  expect(segmentCounts(lines)).toBe('1 done, 1 at work, 2 waiting');
});

test('what a run that is over has not finished is not at work', () => {
  const lines = segmentLines(detail(2, begun(0, true), begun(1, false)), true);

  expect(segmentCounts(lines)).toBe('1 done, 1 not finished');
});

test('what is at work stands before what is done, and what waits is not listed', () => {
  const lines = segmentLines(detail(5, begun(0, true), begun(1, true), begun(3, false)), false);

  expect(begunFirst(lines).map(({ segment }) => segment)).toEqual([3, 0, 1]);
});

test('what is done in a pass before this one waits for this one', () => {
  const lines = segmentLines({ ...detail(2, begun(0, true, 'verify'), begun(1, true)), pass: 'verify' }, false);

  expect(segmentCounts(lines)).toBe('1 done, 1 waiting');
  expect(begunFirst(lines).map(({ segment }) => segment)).toEqual([0, 1]);
});

test('a segment beyond the number that was planned is shown too', () => {
  expect(segmentLines(detail(1, begun(0, true), begun(1, false)), false)).toHaveLength(2);
});
