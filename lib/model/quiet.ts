import type { RelationName } from './table.ts';

/** What a server says of a table without reading a row. Two that are alike: nothing that the server counts happened in between. */
export interface TouchSignal {
  /** Changes when rows are put elsewhere, or read otherwise without being written. */
  readonly place: string;
  /** Since when, and by which server process, it counts. */
  readonly counting: string;
  /** Rows inserted, updated and deleted since then. */
  readonly touched: string;
}

/** What both servers said of a table before a job compared it. */
export interface TouchSignals {
  readonly source: TouchSignal;
  readonly target: TouchSignal;
}

/** Names a comparison: which source, and everything that decides what is done about a difference. */
export interface QuietKey {
  readonly table: RelationName;
  readonly pair: string;
}

/** What is known of a table that a job compared whole and wrote nothing into. */
export interface QuietMemory {
  readonly signals: TouchSignals;
  /** ISO 8601 in UTC: when that job was prepared. */
  readonly comparedAt: string;
  /** Jobs in a row that have relied on it. */
  readonly runs: number;
  /** Rows that were compared, and of those the ones that stay as the target has them. */
  readonly rows: number;
  readonly kept: number;
}

/** What an ended job leaves behind of a table. */
export type QuietNote = QuietKey &
  (
    | { readonly found: Pick<QuietMemory, 'signals' | 'comparedAt' | 'rows' | 'kept'> }
    /** It relied on what was known. */
    | { readonly found?: undefined }
  );
