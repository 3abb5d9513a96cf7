import type { Verdict } from './classify.ts';
import type { Action, Ruling } from './decide.ts';

/**
 * What a job in both directions makes of a case for the source. `stands`: the target's row stays, so the source gets it, or loses
 * its own; `as_ruled`: what the rule says that decides it; `never`: the source has it already, or the target takes the source's.
 */
export type BackCase = 'stands' | 'as_ruled' | 'never';

/** What the docs say of each. */
export const BACK_MEANINGS: Readonly<Record<BackCase, string>> = {
  stands: "The target's row stays, so the source gets it: inserted, updated, or its own deleted as `delete_mode` says.",
  as_ruled:
    'As it is decided: where the target or a merged row wins, the source gets it; where the source wins, or people are to decide, it does not.',
  never: 'Nothing goes to the source.',
};

/** By what has happened to a row since the last decision: total over the verdicts. */
export const BACK_CASES: Readonly<Record<Verdict['kind'], BackCase>> = {
  equal: 'never',
  apply: 'never',
  target_edit: 'stands',
  settled: 'stands', // an earlier decision was for the target's row, in a job that wrote to the target alone or was cut off
  target_only: 'stands',
  merge: 'as_ruled',
  conflict: 'as_ruled',
};

/** By who wins: the source gets a row where what the target ends with is not the source's own. */
export const BACK_RULINGS: Readonly<Record<Ruling['kind'], boolean>> = {
  source: false,
  target: true,
  merge: true,
  people: false,
  aside: false,
};

/** Reasons to keep a row of the target that nobody has decided for: it moved a moment ago, or nothing is ever deleted. */
const UNDECIDED: readonly string[] = ['moved', 'delete_mode'];

/**
 * What the source gets for a row whose case and decision these are: the row that the target ends with, the deletion of its own,
 * or nothing. `there`: whether the target ends with a row. Where nothing is deleted (`keep`) the source keeps its row too. Pure.
 */
export function backFor(
  verdict: Verdict,
  action: Action,
  { there, deletes }: { readonly there: boolean; readonly deletes: boolean },
): 'row' | 'deletion' | 'nothing' {
  if (action.kind === 'equal' || (action.kind === 'keep' && UNDECIDED.includes(action.rule))) return 'nothing';
  const goes = action.kind === 'keep' ? BACK_CASES[verdict.kind] === 'stands' : BACK_RULINGS[action.kind];
  if (!goes) return 'nothing';
  if (there) return 'row';
  return deletes ? 'deletion' : 'nothing';
}
