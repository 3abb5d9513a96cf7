import type { ConflictState, ConflictType } from '../lib/model/conflict.ts';
import type { ResolutionState } from '../lib/model/resolution.ts';
import type { Tone } from './words.ts';

interface Words {
  readonly text: string;
  readonly meaning: string;
}

/** For people; the API's own word stays in the address of a filter. */
export const TYPE_WORDS: Readonly<Record<ConflictType, Words>> = {
  insert_exists: {
    text: 'both inserted',
    meaning: 'Both sides have a new row under the same key, and the rows differ.',
  },
  update_differing: {
    text: 'both changed',
    meaning: 'Both sides changed the same column, or nobody knows what it was before.',
  },
  update_deleted: {
    text: 'changed in the source, deleted in the target',
    meaning: 'The source changed a row that the target has deleted.',
  },
  delete_updated: {
    text: 'deleted in the source, changed in the target',
    meaning: 'The source deleted a row that the target has changed.',
  },
  unique_violation: {
    text: 'value is taken',
    meaning: 'The row needs a unique value that another row of the target holds.',
  },
  fk_violation: {
    text: 'reference is missing',
    meaning: 'The row refers to a row that is not there, or rows that stay refer to it.',
  },
};
export const CONFLICT_TYPE_NAMES = Object.keys(TYPE_WORDS) as readonly ConflictType[]; // of a record over exactly these

export const STATE_WORDS: Readonly<Record<ConflictState, Words & { readonly tone: Tone }>> = {
  open: { text: 'open', meaning: 'It waits for a decision.', tone: 'warning' },
  resolved: { text: 'decided', meaning: 'Somebody decided it, and the decision was applied.', tone: 'good' },
  converged: { text: 'agree by now', meaning: 'Both sides came to agree.', tone: 'good' },
  superseded: { text: 'no conflict any more', meaning: 'A side went back, or a rule decided it.', tone: 'waiting' },
};
export const CONFLICT_STATE_NAMES = Object.keys(STATE_WORDS) as readonly ConflictState[]; // as above

export const ORDER_WORDS: Readonly<Record<ResolutionState, Words & { readonly tone: Tone }>> = {
  listing: { text: 'listing', meaning: 'The conflicts are being listed; none is decided yet.', tone: 'busy' },
  deciding: { text: 'deciding', meaning: 'They are decided one after another.', tone: 'busy' },
  completed: { text: 'completed', meaning: 'Each was met once.', tone: 'good' },
  refused: { text: 'refused', meaning: 'More were found than were expected; none was decided.', tone: 'bad' },
  cancelled: { text: 'cancelled', meaning: 'What was decided stays, the rest is open.', tone: 'warning' },
  failed: { text: 'failed', meaning: 'It could not go on; what was decided stays, the rest is open.', tone: 'bad' },
};

/** What can be said of many conflicts at once; `manual` leaves each to people, so it is no answer. */
export const WAYS = {
  source: 'Take the row of the source',
  target: 'Keep the row of the target',
  newer_wins: 'Take the row that was changed later (newer_wins)',
  field_level: 'By the rules of each column (field_level)',
} as const;
export type Way = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as readonly Way[]; // of a record over exactly these
