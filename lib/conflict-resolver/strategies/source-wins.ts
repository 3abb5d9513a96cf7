import type { ConflictStrategy } from '../strategy.ts';

/** The target follows the source on every key, whatever the target did. */
export const sourceWins: ConflictStrategy = {
  name: 'source_wins',
  summary: 'The target takes the source row, also where the target was edited.',
  decide: () => ({ winner: 'source', rule: 'source_wins' }),
};
