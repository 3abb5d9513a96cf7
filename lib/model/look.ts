const REASONS = {
  no_memory: 'the detection strategy keeps nothing from one job to the next',
  no_watermark: 'no job over this pair has completed with it yet',
  mapping_changed: 'its columns, key, filters or update column are not those of the last success',
  storage_changed: 'its rows lie elsewhere since the last success: truncated, rewritten, restored or altered',
  clock_went_back: "the source's clock is behind that of the last success",
  not_counted:
    'a server does not count what happens in it, or the role may not see since when (GRANT pg_read_all_stats)',
  not_known_equal: 'no job has compared it by these rules and found nothing to write',
  counting_began_anew: 'a server was restarted, or its statistics were reset, since it compared equal',
  source_touched: 'rows were written in the source since it compared equal',
  target_touched: 'rows were written in the target since it compared equal',
  verify_all: 'verify is all',
  resync_required: "the source's log does not tell of everything since the last success",
  too_many_changes: 'the log named more of its rows than is worth a look by key',
  quiet_runs_used: 'max_quiet_runs jobs in a row have passed over it',
} as const;

/** Why an incremental job looks at all rows of a table. */
export type WholeReason = keyof typeof REASONS;

/** Each reason, for people: it ends the sentence "Compared whole, because ...". */
export const WHOLE: Readonly<Record<WholeReason, string>> = REASONS;

export const WHOLE_REASONS = Object.keys(REASONS) as [WholeReason, ...WholeReason[]]; // keys of the catalogue

/** A table that a job passes over: when it compared equal, how many jobs in a row have relied on that, and what was found. */
export interface Untouched {
  readonly comparedAt: string;
  readonly runs: number;
  readonly rows: number;
  readonly kept: number;
}

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
  /** Only rows of so many keys. */
  readonly changed_keys?: number | undefined;
  readonly whole?: string | undefined;
  readonly untouched?:
    | { readonly compared_at: string; readonly runs: number; readonly rows: number; readonly kept: number }
    | undefined;
}

/** How an incremental job looks at a table, as a sentence; undefined: as a full one does. */
export function lookText({ window, changed_keys, whole, untouched }: Look): string | undefined {
  if (untouched) {
    const { compared_at, runs, kept } = untouched;
    const but = kept > 0 ? `, but for ${kept} rows that stay as the target has them` : '';
    return `Passed over: no write was counted on either side since it compared equal at ${compared_at}${but} (${runs} in a row).`;
  }
  if (window) {
    const keys = window.key_sweep ? ', and all keys' : '';
    const slow = window.indexed ? '' : ' No index of the source begins with that column.';
    return `Rows that ${window.column} says changed since ${window.after} were looked at${keys}.${slow}`;
  }
  if (changed_keys !== undefined) return `Rows of ${changed_keys} keys that the source's log named were looked at.`;
  if (whole === undefined) return undefined;
  return `Compared whole, because ${WHOLE[whole as WholeReason] ?? whole}.`; // an unknown one has no text
}
