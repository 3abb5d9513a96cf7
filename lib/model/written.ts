import type { JobSummary } from './answers.ts';
import { number } from './figures.ts';

/** What a job that has completed wrote, or a dry run would, for people: `wrote 12 new, 3 changed`. Undefined: nobody knows. */
export function writtenText({ counts, dry_run }: Pick<JobSummary, 'counts' | 'dry_run'>): string | undefined {
  if (!counts) return undefined;
  const { source_inserted = 0, source_updated = 0, source_deleted = 0 } = counts;
  const parts = [
    [counts.inserted, 'new'],
    [counts.updated, 'changed'],
    [counts.deleted, 'deleted'],
    [source_inserted + source_updated + source_deleted, 'in the source'],
  ] as const;
  const text = parts.flatMap(([rows, word]) => (rows > 0 ? [`${number(rows)} ${word}`] : [])).join(', ');
  return `${dry_run ? 'would write' : 'wrote'} ${text || 'nothing'}`;
}
