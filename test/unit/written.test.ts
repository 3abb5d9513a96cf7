import { expect, test } from 'vitest';
import { NO_COUNTS } from '../../lib/model/job.ts';
import { writtenText } from '../../lib/model/written.ts';

test.each([
  [{ counts: { ...NO_COUNTS, read: 9, inserted: 1234, deleted: 1 } }, 'wrote 1,234 new, 1 deleted'],
  [{ counts: { ...NO_COUNTS, read: 9, unchanged: 9 } }, 'wrote nothing'],
  [{ counts: { ...NO_COUNTS, updated: 2 }, dry_run: true }, 'would write 2 changed'],
  [{ counts: NO_COUNTS, dry_run: true }, 'would write nothing'],
  [{ counts: { ...NO_COUNTS, source_inserted: 1, source_deleted: 2 } }, 'wrote 3 in the source'],
  [{}, undefined],
])('%j: %s', (job, text) => {
  expect(writtenText(job)).toBe(text);
});
