import { createHash } from 'node:crypto';
import {
  type AuditBlock,
  type AuditEvent,
  type AuditRecord,
  eventId,
  HEALING,
  type TrailHead,
} from '../model/audit-event.ts';
import { canonicalJson } from './canonical-json.ts';

/** What stands before the first event of a trail. */
export const START: TrailHead = { events: 0, hash: /* @__PURE__ */ '0'.repeat(64), healing: [] };

/** `SHA-256(previous hash, canonical JSON of the event)`. The job is part of the event, so none can move to another job. */
export function linkHash(
  before: string,
  jobId: string,
  { hash: _, ...event }: Omit<AuditRecord, 'hash'> & { hash?: string },
): string {
  return createHash('sha256')
    .update(before)
    .update(canonicalJson({ job_id: jobId, ...event }))
    .digest('hex');
}

/** More than this no event carries: an item of DynamoDB holds 400 KB. */
const MOST_BYTES = 300_000;

/** What of an event's data is kept, as it will be read back: all, or where it is too large what stands for it. */
function bounded(data: AuditEvent['data']): AuditEvent['data'] {
  const text = JSON.stringify(data);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MOST_BYTES) return JSON.parse(text) as AuditEvent['data'];
  return { omitted: 'too large', bytes, sha256: createHash('sha256').update(canonicalJson(data)).digest('hex') };
}

/** Events as they follow each other behind `head`. Pure. */
export function link(head: Pick<TrailHead, 'events' | 'hash'>, events: readonly AuditEvent[]): AuditRecord[] {
  let { events: seq, hash } = head;
  return events.map((event) => {
    seq += 1;
    const { type, at, actor, data } = event;
    const record = { seq, id: eventId(event), type, at, actor, data: bounded(data) };
    hash = linkHash(hash, event.job_id, record);
    return { ...record, hash };
  });
}

/** Most events and bytes of one block. A write costs by the KiB, so blocks are cheaper than events one by one. */
const BLOCK_EVENTS = 100;
const BLOCK_BYTES = 100_000;

/** Cuts linked events into blocks that each fit one write; a large event is a block of its own. Pure. */
export function blocksOf(records: readonly AuditRecord[]): AuditBlock['records'][] {
  const blocks: [AuditRecord, ...AuditRecord[]][] = [];
  let bytes = 0;
  for (const record of records) {
    const size = Buffer.byteLength(JSON.stringify(record));
    const open = blocks.at(-1);
    if (open && open.length < BLOCK_EVENTS && bytes + size <= BLOCK_BYTES) {
      open.push(record);
      bytes += size;
    } else {
      blocks.push([record]);
      bytes = size;
    }
  }
  return blocks;
}

/** Healing steps that a head keeps. */
const HEALING_KEPT = 20;

/** The head after these events. Pure. */
export function headAfter(head: TrailHead, records: readonly AuditRecord[]): TrailHead {
  const last = records.at(-1);
  if (!last) return head;
  const steps = records.filter((r) => r.type.startsWith(HEALING)).map(({ at, type, data }) => ({ at, type, data }));
  return { events: last.seq, hash: last.hash, healing: [...steps.reverse(), ...head.healing].slice(0, HEALING_KEPT) };
}
