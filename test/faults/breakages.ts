/** Deliberate mistakes, each of which the suites must see (failure-modes.md section 3). Nothing in lib knows of them. */
export const BREAKAGES = {
  no_fence: 'a chunk is committed whoever asks',
  fence_without_epoch: 'claim and fence look at owner and number, not at the epoch',
  checkpoint_elsewhere: 'the checkpoint is written after the commit, in another store',
  ack_before_commit: 'the segment is answered before it is done',
  no_compare_and_set: 'rows are written whatever the target has',
  date_timestamps: 'values travel as JavaScript dates',
  collation_merge: 'two sorted streams are merged by the rules of a language',
  ttl_as_lock: 'a lease ends by the clock',
  swallowed_row_count: 'fewer rows written than asked for is no error',
} as const;

export type Breakage = keyof typeof BREAKAGES;
