import { type CheckedTo, checkBlocks, checkEnd, type TrailFault, UNCHECKED } from '../../lib/audit/verify.ts';
import type { AuditEvent, AuditRecord, FoundBlock } from '../../lib/model/audit-event.ts';
import { ofEventId } from '../../lib/model/audit-event.ts';
import type { AuditLog } from '../../lib/ports.ts';

/** All blocks of a trail. */
export async function blocksOf(audit: AuditLog, jobId: string): Promise<FoundBlock[]> {
  const all: FoundBlock[] = [];
  for (;;) {
    const last = all.at(-1);
    const { blocks, more } = await audit.blocks(jobId, last?.first ?? 0);
    all.push(...blocks);
    if (!more) return all;
  }
}

/** All events of a trail, in its order. */
export async function trailOf(audit: AuditLog, jobId: string): Promise<AuditRecord[]> {
  return (await blocksOf(audit, jobId)).flatMap((b) => b.records ?? []);
}

/** The same as they were in the outbox, by stream and number. */
export async function eventsOf(audit: AuditLog, jobId: string): Promise<AuditEvent[]> {
  const events = (await trailOf(audit, jobId)).map(({ seq: _, id, hash: __, ...rest }) => ({
    job_id: jobId,
    ...ofEventId(id),
    ...rest,
  }));
  return events.sort((a, b) => (a.stream === b.stream ? a.seq - b.seq : a.stream < b.stream ? -1 : 1));
}

/** What verify says of a trail that is read in one go. */
export async function faultsOf(audit: AuditLog, jobId: string): Promise<readonly TrailFault[]> {
  const anchors = { head: await audit.head(jobId), roots: await audit.roots(jobId) };
  const from: CheckedTo = UNCHECKED;
  const { to, faults } = checkBlocks(jobId, from, await blocksOf(audit, jobId), anchors);
  return [...faults, ...checkEnd(to, anchors)];
}
