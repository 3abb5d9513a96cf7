import type { StrategyFacts } from '../../model/strategy.ts';
import { NEEDS_NOTHING, SEES_ALL } from '../strategy.ts';

/** See `detectByHash`. */
export const hash: StrategyFacts = {
  name: 'hash',
  compares: 'row',
  summary: 'Compares aggregate fingerprints of small buckets on both sides; sees every difference. One scan a side.',
  namesFields: false,
  full: {
    sees: SEES_ALL,
    reads: 'every row of both sides once, inside the server; rows travel only where they differ',
  },
  needs: NEEDS_NOTHING,
  seesConflicts: true,
  options: ['max_quiet_runs'],
};
