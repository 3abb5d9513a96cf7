import type { StrategyFacts } from '../../model/strategy.ts';
import { NEEDS_NOTHING, SEES_ALL } from '../strategy.ts';

/** See `detectByContent`. */
export const content: StrategyFacts = {
  name: 'content',
  compares: 'row',
  summary: 'Reads every row of both sides and compares value by value; names the differing fields, honours tolerances.',
  namesFields: true,
  full: { sees: SEES_ALL, reads: 'every row of both sides, all of them through the worker' },
  needs: NEEDS_NOTHING,
  seesConflicts: true,
  options: ['tolerances', 'max_quiet_runs'],
};
