/**
 * One thing that happened, as it waits in the target's outbox. `stream` and `seq` make its identity: a stream is the job
 * itself (`job`), one segment in one pass (`t3/apply/0`), or something that happened once (`t3/apply/0/7`, `healing/...`).
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

/** One event of a job's trail, where it has its place for good. */
export interface AuditRecord extends Pick<AuditEvent, 'type' | 'at' | 'actor' | 'data'> {
  /** Place in the trail, from 1, without gaps. */
  readonly seq: number;
  /** `<stream>#<seq>` of the outbox: the same event has the same id, however often it was moved. */
  readonly id: string;
  /** SHA-256 over the hash before it and the canonical JSON of this event; hexadecimal. */
  readonly hash: string;
}

/** Events that were added to a trail by one write. `writer` is unique to the write; `outbox`: they come from there. */
export interface AuditBlock {
  readonly job_id: string;
  readonly writer: string;
  readonly outbox: boolean;
  readonly records: readonly [AuditRecord, ...AuditRecord[]];
}

/** A block as it was found. Undefined records: what is stored is not what this service writes. */
export interface FoundBlock extends Pick<AuditBlock, 'writer' | 'outbox'> {
  /** Place of its first event, as the key says. */
  readonly first: number;
  /** How many events it says it has, and the hash of the last one. */
  readonly events: number;
  readonly hash: string;
  readonly records: readonly AuditRecord[] | undefined;
}

/** A healing step as a status shows it. */
export type HealingNote = Pick<AuditRecord, 'at' | 'type' | 'data'>;

/**
 * Where a trail stands: a fold over its first `events` events. Kept apart from the trail, so that a tail that was cut off
 * is missed. It may lag behind by what a writer added that died before it could say so; it is never ahead.
 */
export interface TrailHead {
  readonly events: number;
  readonly hash: string;
  /** The last healing steps, last one first. */
  readonly healing: readonly HealingNote[];
}

/**
 * What seals a trail when its job ends, and again when decisions came behind that: it had this many events then, and the last
 * one this hash.
 */
export interface AuditRoot {
  readonly events: number;
  readonly hash: string;
  /** ISO 8601. */
  readonly at: string;
  /** The root before it; absent: it is the first. */
  readonly previous?: { readonly events: number; readonly hash: string };
}

export const eventId = ({ stream, seq }: Pick<AuditEvent, 'stream' | 'seq'>): string => `${stream}#${seq}`;

/** Stream and number of an id that `eventId` made. */
export function ofEventId(id: string): Pick<AuditEvent, 'stream' | 'seq'> {
  const at = id.lastIndexOf('#');
  return { stream: id.slice(0, at), seq: Number(id.slice(at + 1)) };
}

/** Types of healing steps begin like this. */
export const HEALING = 'healing.';

/** A stream of its own for each: nobody numbers what several workers do at once, and an event keeps its identity. */
export function healingStream(at: Date, id: string): string {
  return `healing/${at.toISOString().replaceAll(/[-:.]/g, '')}/${id.replaceAll(/[^\w-]/g, '-')}`;
}
