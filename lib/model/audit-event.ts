/**
 * One thing that happened. `stream` and `seq` make its identity: a stream is the job itself (`job`) or one segment in one
 * pass (`t3/apply/0`), and its seq grows by one without gaps, so that writing an event again changes nothing.
 */
export interface AuditEvent {
  readonly job_id: string;
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  /** ISO 8601, time of the target database. */
  readonly at: string;
  readonly actor: string;
  /** Ids, names, counts and codes; never a row value or a secret. */
  readonly data: Readonly<Record<string, unknown>>;
}
