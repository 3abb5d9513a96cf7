import type { ConflictPage, ConflictView } from '../lib/model/conflict-answers.ts';
import { number } from '../lib/model/figures.ts';

/** As much of a conflict as its place in a list goes by. */
export type Placed = Pick<ConflictView, 'conflict_id' | 'opened_at' | 'table' | 'key'>;

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** 9 comes before 10, and nothing else is made of texts. */
function comparedKeys(a: readonly string[], b: readonly string[]): number {
  for (const [i, text] of a.entries()) {
    const other = b[i] ?? '';
    const whole = /^\d{1,15}$/.test(text) && /^\d{1,15}$/.test(other);
    const found = whole ? Number(text) - Number(other) : compared(text, other);
    if (found !== 0) return found;
  }
  return 0;
}

/** Oldest first; of those that were opened at one time by table and key, where the service goes by ids that say nothing. */
export const byAge = (a: Placed, b: Placed): number =>
  compared(a.opened_at, b.opened_at) || compared(a.table, b.table) || comparedKeys(a.key, b.key);

/** Where in a list somebody goes on who has left it for a conflict: there, or at the next one where it is not listed any more. */
export function placeIn(list: readonly Placed[], left: Placed): number {
  const same = list.findIndex(({ conflict_id }) => conflict_id === left.conflict_id);
  return same >= 0 ? same : list.findIndex((conflict) => byAge(conflict, left) > 0);
}

/** `7 open of 23`; with `met`, those that the job has met, also how many of them are listed with a later job by now. */
export function countsText({ open, all, more }: NonNullable<ConflictPage['counts']>, met = all): string {
  if (more) return `${number(open)}${open === all ? ' or more' : ''} open of over ${number(all)}`;
  const later = Math.max(0, met - all);
  return `${number(open)} open of ${number(Math.max(met, all))}${later > 0 ? `, ${number(later)} met again by a later job` : ''}`;
}
