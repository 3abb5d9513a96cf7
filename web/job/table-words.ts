import { VALIDATION_STATES, type ValidationState } from '../../lib/model/validation.ts';
import { TABLE_WORDS } from '../words.ts';

/** A table of a job that nobody works on is not running, whatever state it was left in. */
export function wordsOf(state: ValidationState, idle: boolean) {
  if (!idle || !['comparing', 'validating', 'pending'].includes(state)) return TABLE_WORDS[state];
  return { text: state === 'pending' ? 'not begun' : 'not finished', tone: 'waiting' as const };
}

/** What is counted is tables, though the words of one table speak of its rows. */
const TABLES_ARE: { readonly [State in ValidationState]?: string } = {
  in_flight: 'with rows that still move',
  conflicting: 'with conflicts',
  quarantined: 'with rows put aside',
};

/** How many tables are in which state: `5 tables verified · 1 table with conflicts`. */
export function tablesText(states: readonly ValidationState[], idle: boolean): string {
  const parts = VALIDATION_STATES.flatMap((state) => {
    const count = states.filter((one) => one === state).length;
    const words = TABLES_ARE[state] ?? wordsOf(state, idle).text;
    return count === 0 ? [] : [`${count} ${count === 1 ? 'table' : 'tables'} ${words}`];
  });
  return parts.join(' · ');
}
