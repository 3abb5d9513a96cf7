import type { StrategyFacts } from '../../model/strategy.ts';
import { NEEDS_NOTHING } from '../strategy.ts';

/**
 * The bucket comparison over the keys alone: missing and extra rows, never contents.
 *
 * Cost: one scan of the keys a side, from the index where there is one that holds them.
 */
export const primaryKey: StrategyFacts = {
  name: 'primary_key',
  compares: 'key',
  summary: 'Compares keys only: finds missing and extra rows, never changed ones. One scan of the keys a side.',
  namesFields: false,
  full: {
    sees: { inserts: 'always', updates: 'never', deletes: 'always', target_edits: 'never' },
    reads: 'the keys of both sides once, inside the server',
  },
  needs: NEEDS_NOTHING,
  seesConflicts: false,
  options: ['max_quiet_runs'],
};
