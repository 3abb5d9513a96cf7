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

/** Streams of healing steps begin like this; the time comes next, so that the last ones are found without the others. */
export const HEALING = 'healing/';

/** A stream of its own for each: nobody numbers what several workers do at once, and an event keeps its identity. */
export function healingStream(at: Date, id: string): string {
  return `${HEALING}${at.toISOString().replaceAll(/[-:.]/g, '')}/${id.replaceAll(/[^\w-]/g, '-')}`;
}
