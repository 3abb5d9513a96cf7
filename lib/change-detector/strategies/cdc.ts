import type { StrategyFacts } from '../../model/strategy.ts';
import { SEES_ALL } from '../strategy.ts';
import { hash } from './hash.ts';

/** See `detectByLog`. */
export const cdc: StrategyFacts = {
  name: 'cdc',
  compares: 'row',
  summary:
    "A full job compares as hash does; an incremental one looks at the rows that the source's log names, deleted ones too.",
  namesFields: false,
  full: { sees: SEES_ALL, reads: hash.full.reads },
  incremental: {
    sees: { inserts: 'always', updates: 'always', deletes: 'always', target_edits: 'never' },
    reads: "the source's log since the last job, then the rows that changed, by key, on both sides",
  },
  needs: { timestampColumn: false, openTransactions: false, changeStream: true },
  seesConflicts: true,
  options: ['continuous'],
};
