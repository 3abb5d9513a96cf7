const REASONS = {
  no_memory: 'the detection strategy keeps nothing from one job to the next',
  no_watermark: 'no job over this pair has completed with it yet',
  mapping_changed: 'its columns, key, filters or update column are not those of the last success',
  storage_changed: 'its rows lie elsewhere since the last success: truncated, rewritten, restored or altered',
  clock_went_back: "the source's clock is behind that of the last success",
} as const;

/** Why an incremental job looks at all rows of a table. */
export type WholeReason = keyof typeof REASONS;

/** Each reason, for people: it ends the sentence "Compared whole, because ...". */
export const WHOLE: Readonly<Record<WholeReason, string>> = REASONS;

export const WHOLE_REASONS = Object.keys(REASONS) as [WholeReason, ...WholeReason[]]; // keys of the catalogue

/** What a job tells of how it looks at a table; from the API, whose reasons may be newer than these. */
export interface Look {
  readonly window?:
    | {
        readonly column: string;
        readonly after: string;
        readonly key_sweep: boolean;
        readonly indexed: boolean;
      }
    | undefined;
  readonly whole?: string | undefined;
}

/** How an incremental job looks at a table, as a sentence; undefined: as a full one does. */
export function lookText({ window, whole }: Look): string | undefined {
  if (window) {
    const keys = window.key_sweep ? ', and all keys' : '';
    const slow = window.indexed ? '' : ' No index of the source begins with that column.';
    return `Rows that ${window.column} says changed since ${window.after} were looked at${keys}.${slow}`;
  }
  if (whole === undefined) return undefined;
  return `Compared whole, because ${WHOLE[whole as WholeReason] ?? whole}.`; // an unknown one has no text
}
