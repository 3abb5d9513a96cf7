import type { ConflictStrategy } from '../strategy.ts';

/** Edits of the target stay; what the source alone changed still arrives. */
export const targetWins: ConflictStrategy = {
  name: 'target_wins',
  summary: 'The row of the target stays where both sides changed it, a deletion included.',
  overwritesEdits: false,
  outcomes: {
    insert_exists: 'target',
    update_differing: 'target',
    update_deleted: 'target',
    delete_updated: 'target',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
};
