import type { ConflictStrategy } from '../strategy.ts';

/** A rule for each column; where a row is gone on one side there is nothing to merge, so people decide. */
export const fieldLevel: ConflictStrategy = {
  name: 'field_level',
  summary: 'Each contested column is decided by its own rule; the others are merged.',
  overwritesEdits: false,
  outcomes: {
    insert_exists: 'fields',
    update_differing: 'fields',
    update_deleted: 'people',
    delete_updated: 'people',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
};
