import type { ConflictStrategy } from '../strategy.ts';

/** The target follows the source on every key, whatever the target did. */
export const sourceWins: ConflictStrategy = {
  name: 'source_wins',
  summary: 'The target takes the source row, also where the target was edited.',
  overwritesEdits: true,
  outcomes: {
    insert_exists: 'source',
    update_differing: 'source',
    update_deleted: 'source',
    delete_updated: 'source',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
};
