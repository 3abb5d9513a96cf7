import type { SegmentView, TableDetail } from '../../lib/model/answers.ts';
import type { Tone } from '../words.ts';

type SegmentState = 'done' | 'working' | 'left' | 'waiting';

/** For people; `left` is what a run that has ended did not finish. */
export const SEGMENT_WORDS: Readonly<Record<SegmentState, { readonly text: string; readonly tone: Tone }>> = {
  done: { text: 'done', tone: 'good' },
  working: { text: 'at work', tone: 'busy' },
  left: { text: 'not finished', tone: 'warning' },
  waiting: { text: 'waiting', tone: 'waiting' },
};

/** A segment of a table, in the pass that the table is in; of one that has begun in none only its position is known. */
export interface SegmentLine {
  readonly segment: number;
  readonly state: SegmentState;
  readonly begun: SegmentView | undefined;
}

/** All segments of the pass of a table, by their position. `idle`: nothing of the job is at work now. */
export function segmentLines({ pass, segments, begun }: TableDetail, idle: boolean): readonly SegmentLine[] {
  const known = new Map(begun.map((one) => [one.segment, one]));
  const unfinished = idle ? 'left' : 'working';
  return Array.from({ length: Math.max(segments.total, (begun.at(-1)?.segment ?? -1) + 1) }, (_, segment) => {
    const one = known.get(segment);
    const waits = one?.pass !== pass;
    return { segment, begun: one, state: waits ? 'waiting' : one.finished ? 'done' : unfinished };
  });
}

/** How many segments are in each state that there is one of, in words. */
export function segmentCounts(lines: readonly SegmentLine[]): string {
  const states = Object.keys(SEGMENT_WORDS) as SegmentState[]; // of a constant
  const counted = states.map((state) => [lines.filter((line) => line.state === state).length, state] as const);
  return counted.flatMap(([count, state]) => (count > 0 ? [`${count} ${SEGMENT_WORDS[state].text}`] : [])).join(', ');
}

const ORDER: readonly SegmentState[] = ['working', 'left', 'done', 'waiting'];

/** Segments that have begun: those that are not done first, of each state by their position. */
export const begunFirst = (lines: readonly SegmentLine[]): readonly (SegmentLine & { readonly begun: SegmentView })[] =>
  ORDER.flatMap((state) =>
    lines.flatMap((line) => (line.state === state && line.begun ? [{ ...line, begun: line.begun }] : [])),
  );
