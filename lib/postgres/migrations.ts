/** One step from one version of `tf_sync` to the next. */
export interface Migration {
  /** Thousands are raised by a step alone that older code cannot work after (docs/adr/0027). */
  readonly version: number;
  readonly what: string;
  /**
   * What it does to tables that are there; one that is new needs nothing here. It may find its work done, where the tables were
   * made whole: `if not exists`.
   */
  readonly sql: string;
}

/**
 * In the order in which they are applied. A line is never changed: a change is a new line. Within a thousand they only add, so that
 * workers of the version before go on beside those of this one.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 4,
    what: 'who changed the schema; what versions 1 to 3 lacked',
    sql: `
      alter table tf_sync.schema_version add column if not exists service text;
      alter table tf_sync.schema_version add column if not exists what text;
      alter table tf_sync.pair_table add column if not exists base int;
      alter table tf_sync.pair_table add column if not exists base_stamp text`,
  },
];
