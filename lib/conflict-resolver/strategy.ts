import type { ConflictType } from '../model/conflict.ts';

const OUTCOME_MEANINGS = {
  source: 'The source stands: its row is written, or the row is deleted.',
  target: 'The target stands, and is not asked again until the source changes it once more.',
  newer: 'The side with the later update column stands; on a tie the source; one without a usable time loses.',
  fields: 'Each contested column is decided by its rule.',
  people: 'It waits in the queue; the row stays as the target has it.',
  aside: 'The row goes into quarantine with the reason.',
} as const;

/** What a strategy makes of a conflict. */
export type Outcome = keyof typeof OUTCOME_MEANINGS;

export const OUTCOMES: Readonly<Record<Outcome, string>> = OUTCOME_MEANINGS;

/** A way to decide rows that both sides changed: a total table over the conflict types. */
export interface ConflictStrategy {
  readonly name: string;
  readonly summary: string;
  /** Rows that only the target changed are overwritten, instead of kept. */
  readonly overwritesEdits: boolean;
  readonly outcomes: Readonly<Record<ConflictType, Outcome>>;
}
