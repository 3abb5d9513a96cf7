import { number } from '../../lib/model/figures.ts';
import type { Counts } from '../../lib/model/job.ts';

/** What each count is called, and what it means; in the order in which they are shown. */
export const COUNT_WORDS: Readonly<Record<keyof Counts, { readonly text: string; readonly meaning: string }>> = {
  read: { text: 'Compared', meaning: 'Keys found on either side, each counted once' },
  inserted: { text: 'New', meaning: 'Inserted into the target' },
  updated: { text: 'Changed', meaning: 'Updated in the target' },
  deleted: { text: 'Deleted', meaning: 'Deleted from the target' },
  unchanged: { text: 'Equal', meaning: 'Alike on both sides' },
  kept: {
    text: 'Kept',
    meaning: 'Stay as the target has them: only there (delete mode), edited there, or decided for it',
  },
  conflicts: { text: 'Conflicts', meaning: 'Wait for a decision' },
  quarantined: { text: 'Quarantined', meaning: 'Refused by the target, each with its reason' },
  skipped: { text: 'Skipped', meaning: 'Left out' },
  source_inserted: { text: 'New in the source', meaning: 'Inserted into the source' },
  source_updated: { text: 'Changed in the source', meaning: 'Updated in the source' },
  source_deleted: { text: 'Deleted in the source', meaning: 'Deleted from the source' },
};
export const COUNT_NAMES = Object.keys(COUNT_WORDS) as readonly (keyof Counts)[]; // of a record over exactly these

/** Counts that somebody has to look at when they are not zero. */
export const ISSUES: readonly (keyof Counts)[] = ['conflicts', 'quarantined', 'skipped'];

/** The counts of a job, or of its tables: those of the source only where it is written to. */
export const namesIn = (all: readonly Counts[]): readonly (keyof Counts)[] =>
  COUNT_NAMES.filter((name) => all.length === 0 || all.some((counts) => counts[name] !== undefined));

export function CountList({ counts }: { readonly counts: Counts }) {
  return (
    <dl class="counts">
      {namesIn([counts]).map((name) => (
        <div key={name} class={counts[name] === 0 ? 'zero' : ISSUES.includes(name) ? 'issue' : ''}>
          <dt title={COUNT_WORDS[name].meaning}>{COUNT_WORDS[name].text}</dt>
          <dd>{number(counts[name] ?? 0)}</dd>
        </div>
      ))}
    </dl>
  );
}
