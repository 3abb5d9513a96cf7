import type { ConflictStrategy } from '../strategy.ts';

/** By the update column of both rows. A deletion has no time, so an edit stands against it, whichever side made it. */
export const newerWins: ConflictStrategy = {
  name: 'newer_wins',
  summary: 'The row with the later update column stands. A deletion has no time: the edit stands.',
  overwritesEdits: false,
  outcomes: {
    insert_exists: 'newer',
    update_differing: 'newer',
    update_deleted: 'source',
    delete_updated: 'target',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
};
