import { number } from '../../lib/model/figures.ts';
import type { PairFilter, PairState } from '../../lib/model/fleet.ts';
import type { FleetAction } from '../../lib/model/fleet-order.ts';
import type { FleetView } from '../../lib/model/fleet-view.ts';
import type { Tone } from '../words.ts';

/** Of the last job of a pair. */
export const PAIR_STATE_WORDS: Readonly<Record<PairState, string>> = {
  never: 'no job yet',
  working: 'at work',
  paused: 'paused',
  stopped: 'stopped',
  failed: 'failed',
  completed: 'completed',
  issues: 'with issues',
};

interface StateWords {
  readonly text: string;
  readonly tone: Tone;
  /** What the word means. */
  readonly title: string;
}

interface ActionWords {
  /** On the button, and at the head of the order. */
  readonly text: string;
  /** What it does to each pair. */
  readonly meaning: string;
  /** It ends something. */
  readonly danger?: true;
}

/** What can be done with many pairs, in the order in which it is offered. */
export const ACTION_WORDS: Readonly<Record<FleetAction, ActionWords>> = {
  start: { text: 'Start', meaning: 'Each gets a job; where one works or is paused, that one is left alone.' },
  stop: { text: 'Stop', meaning: 'Their last jobs are stopped where they work or are paused.', danger: true },
  resume: {
    text: 'Resume',
    meaning: 'Their last jobs go on where they were stopped, are paused or have failed.',
  },
  schedule: { text: 'Schedule', meaning: 'Each gets a schedule of its name, in place of the one it has.' },
  unschedule: { text: 'Unschedule', meaning: 'Their schedules are deleted; jobs that work go on.', danger: true },
};
export const ACTIONS = Object.keys(ACTION_WORDS) as readonly FleetAction[]; // of a record over exactly these

export const ORDER_WORDS: Readonly<Record<FleetView['state'], StateWords>> = {
  working: { text: 'working', tone: 'busy', title: 'The pairs are asked one after another.' },
  completed: { text: 'completed', tone: 'good', title: 'Every pair was asked; their jobs may still work.' },
  cancelled: { text: 'cancelled', tone: 'warning', title: 'What was begun goes on; the rest was left alone.' },
};

/** A completed order of which pairs have failed is not all good. */
export const orderChip = ({ state, failed }: Pick<FleetView, 'state' | 'failed'>): StateWords =>
  state === 'completed' && failed > 0 ? { ...ORDER_WORDS[state], tone: 'warning' } : ORDER_WORDS[state];

export const pairsText = (count: number): string => `${number(count)} ${count === 1 ? 'pair' : 'pairs'}`;

export const countsText = ({ done, skipped, failed, count }: FleetView): string =>
  [
    `${number(done)} of ${number(count)} done`,
    ...(skipped > 0 ? [`${number(skipped)} skipped: there was nothing to do`] : []),
    ...(failed > 0 ? [`${number(failed)} failed`] : []),
  ].join(', ');

/** Which pairs a filter means. */
export function whichText({ group, prefix, state, overdue_hours: hours, names }: PairFilter): string {
  if (names !== undefined) return names.length === 1 ? `the pair ${names[0]}` : pairsText(names.length);
  const said = [
    ...(group === undefined ? [] : [`of the group ${group}`]),
    ...(prefix === undefined ? [] : [`whose name begins with ${prefix}`]),
    ...(state === undefined
      ? []
      : [state === 'never' ? 'without a job' : `whose last job is “${PAIR_STATE_WORDS[state] ?? state}”`]),
    ...(hours === undefined ? [] : [`of which no job has completed for ${hours} h`]),
  ];
  return said.length === 0 ? 'all pairs' : `the pairs ${said.join(', ')}`;
}
