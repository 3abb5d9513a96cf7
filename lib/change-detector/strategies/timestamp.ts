import type { StrategyFacts } from '../../model/strategy.ts';
import { SEES_ALL } from '../strategy.ts';
import { hash } from './hash.ts';

/** See `detectByWindow`. */
export const timestamp: StrategyFacts = {
  name: 'timestamp',
  compares: 'row',
  summary:
    'A full job compares as hash does; an incremental one reads the rows whose update column changed since the last success.',
  namesFields: false,
  full: { sees: SEES_ALL, reads: hash.full.reads },
  incremental: {
    sees: { inserts: 'window', updates: 'window', deletes: 'sweep', target_edits: 'never' },
    reads: 'the rows of the window in the source, the same keys in the target; with key_sweep all keys of both sides',
  },
  needs: { timestampColumn: true, openTransactions: true, changeStream: false },
  seesConflicts: true,
  options: ['timestamp_columns', 'key_sweep'],
};
