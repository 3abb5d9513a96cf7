import { randomUUID } from 'node:crypto';
import { type AuditEvent, type FoundBlock, ofEventId, type TrailHead } from '../model/audit-event.ts';
import { SyncError } from '../model/errors.ts';
import type { AuditLog } from '../ports.ts';
import { blocksOf, headAfter, link } from './chain.ts';

/** Where events wait until the trail has them: the target's outbox of one job. */
export interface Outbox {
  /** The oldest events that are still there. */
  peek(): Promise<readonly AuditEvent[]>;
  /** Forgets events; those that are not there are fine. */
  trim(events: readonly Pick<AuditEvent, 'stream' | 'seq'>[]): Promise<void>;
}

/** Each lost race means that somebody else has moved on, so even 40 writers at once need no more. */
const TRIES = 100;

const busy = () => new SyncError('unavailable', 'Too many writers add to the audit trail at once.');

/**
 * Reads on behind `head` to the end of the trail. Where the outbox is at hand its events that stand there are trimmed
 * first and the head is moved, so that from then on nothing of the trail is in the outbox any more.
 */
export async function catchUp(log: AuditLog, jobId: string, head: TrailHead, outbox?: Outbox): Promise<TrailHead> {
  let at = head;
  for (;;) {
    const { blocks, more } = await log.blocks(jobId, at.events);
    for (const block of blocks) at = afterFound(at, block);
    if (outbox && blocks.length > 0) {
      const drained = blocks.flatMap((b) => (b.outbox ? (b.records ?? []) : []));
      await outbox.trim(drained.map((r) => ofEventId(r.id)));
      await log.moveHead(jobId, at);
    }
    if (!more) return at;
  }
}

/** What somebody has tampered with is not repaired here: `verify` finds it, and the trail goes on behind it. */
function afterFound(head: TrailHead, { first, events, hash, records }: FoundBlock): TrailHead {
  return { ...headAfter(head, records ?? []), events: first + events - 1, hash };
}

/** Adds events behind `head`, block by block. `lost`: somebody else has added there; how many were in before that. */
async function add(
  log: AuditLog,
  jobId: string,
  {
    head,
    events,
    outbox,
  }: { readonly head: TrailHead; readonly events: readonly AuditEvent[]; readonly outbox: boolean },
): Promise<{ readonly head: TrailHead; readonly lost: boolean }> {
  let at = head;
  for (const records of blocksOf(link(head, events))) {
    if (!(await log.add({ job_id: jobId, writer: randomUUID(), outbox, records }))) return { head: at, lost: true };
    at = headAfter(at, records);
  }
  return { head: at, lost: false };
}

/**
 * Moves what waits in the outbox to the end of the trail, each event once, whoever dies and however many do it at once.
 *
 * Why once: the head moves only after the outbox has let go of everything before it, and a block is stored only at a place
 * that nobody has. So what was peeked after the head was read is in no block before that place; who finds the place taken
 * first trims what is stored there, then looks again. `keep`: other events are trimmed and not stored.
 */
export async function drain(
  log: AuditLog,
  jobId: string,
  outbox: Outbox,
  keep: (event: AuditEvent) => boolean,
): Promise<TrailHead> {
  let head = await log.head(jobId);
  for (let lost = 0; lost < TRIES; ) {
    const events = await outbox.peek();
    if (events.length === 0) return head;
    const added = await add(log, jobId, { head, events: events.filter(keep), outbox: true });
    if (added.lost) {
      lost += 1;
      head = await catchUp(log, jobId, await log.head(jobId), outbox);
      continue;
    }
    await outbox.trim(events);
    await log.moveHead(jobId, added.head);
    head = added.head;
  }
  throw busy();
}

/**
 * Adds events that no outbox holds, because the target may be what is broken. Of a caller that dies nobody knows whether
 * they are there. The head follows where it can; else the next drain moves it.
 */
export async function append(log: AuditLog, jobId: string, events: readonly AuditEvent[]): Promise<TrailHead> {
  let head = await log.head(jobId);
  let left = events;
  for (let lost = 0; lost < TRIES; lost++) {
    const added = await add(log, jobId, { head, events: left, outbox: false });
    left = left.slice(added.head.events - head.events);
    head = added.head;
    if (!added.lost) {
      // not over what others have added: of that the outbox may not have let go yet
      if (lost === 0) await log.moveHead(jobId, head);
      return head;
    }
    head = await catchUp(log, jobId, head);
  }
  throw busy();
}
