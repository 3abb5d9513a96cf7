import type { Lsn } from './change-stream.ts';

/** A replication slot of this service, as its server tells of it. */
export interface SlotFacts {
  readonly slot: string;
  /** Database that it tells of. */
  readonly database: string;
  /** Somebody reads it just now. */
  readonly active: boolean;
  /** Log that the server keeps for it. */
  readonly retained_bytes: number;
  /** `max_slot_wal_keep_size`; absent: the server keeps the log for ever. */
  readonly limit_bytes?: number;
  /** `pg_replication_slots.wal_status`: reserved, extended, unreserved or lost. */
  readonly wal_status: string;
  /** Up to where it was read. */
  readonly confirmed?: Lsn;
  /** Since when nobody reads it, ISO 8601; PostgreSQL 17 and later. */
  readonly inactive_since?: string;
}

/** The job that read a slot last, as far as this service remembers jobs. */
export interface SlotReader {
  readonly job_id: string;
  readonly state: string;
  /** ISO 8601. */
  readonly created_at: string;
  readonly ended: boolean;
}

/** What is to be said of a slot; none of it: it is read, and keeps little. */
export const SLOT_CONCERNS = {
  lost: 'The server has removed log that the slot was to keep. Nothing can be read from it; the next job makes a new one.',
  filling: 'The log that the slot keeps comes near what the server may keep for it.',
  unlimited: 'The slot keeps much log, and max_slot_wal_keep_size sets no limit: it can fill the disk of the source.',
  unread: 'No job has read the slot for days.',
  unknown: 'No job that this service knows has ever read the slot.',
} as const;
export type SlotConcern = keyof typeof SLOT_CONCERNS;

/** What a job says of a slot on the server of its source. */
export interface SlotWarning {
  readonly slot: string;
  readonly database: string;
  readonly concern: SlotConcern;
  readonly retained_bytes: number;
  /** It is the one that the job reads. */
  readonly own: boolean;
  readonly remedy: string;
}

/** Share of `max_slot_wal_keep_size` from which on it is said. */
const MUCH = 0.5;

/** Without a limit, so much log is said; failure-modes.md E11. */
export const MUCH_BYTES = 1024 ** 3;

/** A pair that is synced at all is synced once a week. */
const UNREAD_DAYS = 7;

const DAY_MS = 86_400_000;

/**
 * What is to be said of a slot. `reader`: the last job over its pair; null: none is known; undefined: nobody has looked.
 * Pure.
 */
export function concernsOf(slot: SlotFacts, reader: SlotReader | null | undefined, nowMs: number): SlotConcern[] {
  const { limit_bytes: limit, retained_bytes: kept, wal_status: status, inactive_since: since, active } = slot;
  const full = limit !== undefined && (kept >= limit * MUCH || ['extended', 'unreserved'].includes(status));
  const reads = [reader?.ended ? Date.parse(reader.created_at) : Number.NaN, Date.parse(since ?? '')];
  const read = reads.filter((ms) => !Number.isNaN(ms));
  const idle = read.length > 0 && nowMs - Math.max(...read) > UNREAD_DAYS * DAY_MS;
  const unread = !active && (!reader || reader.ended) && idle;
  const found: Readonly<Record<SlotConcern, boolean>> = {
    lost: status === 'lost',
    filling: status !== 'lost' && full,
    unlimited: limit === undefined && kept >= MUCH_BYTES,
    unread,
    unknown: reader === null,
  };
  return (Object.keys(found) as SlotConcern[]).filter((concern) => found[concern]); // keys of the record
}
