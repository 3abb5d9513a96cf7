import type { Change, Fingerprint, RowKey } from './change.ts';
import type { RowPrint } from './print.ts';

/**
 * A row that the source is to get, decided in a chunk of the target. `before`: what the source had when that was decided;
 * `after`: what the target has, and the source is to have; null where there is no row. `merged`: the target was written too.
 */
export interface BackDraft {
  readonly key: RowKey;
  readonly before: Fingerprint | null;
  readonly after: RowPrint | null;
  readonly merged?: boolean;
}

/** The same as it stands in the target until the source has it. `counted`: the counts of its segment know of the row. */
export interface Intent extends BackDraft {
  readonly id: string;
  readonly counted: boolean;
}

/** An intent with the change of the source that it comes to. */
export interface BackChange {
  readonly id: string;
  readonly change: Change;
}

/** What became of intents: those the source has by now, with the values that are kept as the base; those that lapsed. */
export interface SettledIntents {
  readonly done: readonly (Intent & { readonly image?: readonly (string | null)[] })[];
  readonly dropped: readonly Pick<Intent, 'id'>[];
}

/** Which count a row that was written to the source goes into. */
export function countedAs({ before, after }: Pick<BackDraft, 'before' | 'after'>) {
  if (after === null) return 'source_deleted';
  return before === null ? 'source_inserted' : 'source_updated';
}
