/** How often something was, by its name. */
export interface Tally {
  readonly name: string;
  readonly count: number;
}

/** What happened to the rows of a table, or in a minute. */
export interface RowTally {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly quarantined: number;
}

export interface TableTally extends RowTally {
  readonly name: string;
  readonly chunks: number;
  /** Differences that the final comparison could not explain. */
  readonly unexplained: number;
  /** Of its first and last event. */
  readonly first_at: string;
  readonly last_at: string;
}

/** One run, stop, pause or end of the job. */
export interface Milestone {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly actor: string;
  readonly code?: string;
}

/**
 * Statistics of the events `from_seq` to `through_seq` of a trail. Those of two parts of a trail add up to those of both, so
 * a long trail is read part by part.
 */
export interface AuditReport {
  readonly job_id: string;
  readonly from_seq: number;
  readonly through_seq: number;
  readonly events: number;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly rows: RowTally;
  readonly types: readonly Tally[];
  readonly severities: readonly Tally[];
  readonly actors: readonly Tally[];
  readonly tables: readonly TableTally[];
  /** Rows by what decided about them. */
  readonly decisions: readonly Tally[];
  /** Events and rows by the code of what went wrong. */
  readonly errors: readonly Tally[];
  /** Rows that rules did not let pass when they were counted, by table, rule and severity. */
  readonly rules: readonly Tally[];
  /** Rows by minute (`2026-11-23T10:42`), minutes without any left out. */
  readonly minutes: readonly (RowTally & { readonly minute: string })[];
  readonly milestones: readonly Milestone[];
}
