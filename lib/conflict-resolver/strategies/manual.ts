import type { ConflictStrategy } from '../strategy.ts';

/** Somebody decides. */
export const manual: ConflictStrategy = {
  name: 'manual',
  summary: 'The row stays as the target has it, and the conflict waits for somebody to decide it.',
  overwritesEdits: false,
  outcomes: {
    insert_exists: 'people',
    update_differing: 'people',
    update_deleted: 'people',
    delete_updated: 'people',
    unique_violation: 'people',
    fk_violation: 'people',
  },
};
