import type { AuditEvent } from '../model/audit-event.ts';
import { eventId } from '../model/audit-event.ts';
import type { AuditLog } from '../ports.ts';
import { append } from './trail.ts';

/** Adds an event to the trail that it names, unless that has it. Reads the whole trail: for short ones, of things and not of jobs. */
export async function tellOnce(audit: AuditLog, event: AuditEvent): Promise<void> {
  if (!(await isTold(audit, event.job_id, eventId(event)))) await append(audit, event.job_id, [event]);
}

async function isTold(audit: AuditLog, trail: string, id: string): Promise<boolean> {
  for (let after = 0; ; ) {
    const { blocks, more } = await audit.blocks(trail, after);
    if (blocks.some((b) => (b.records ?? []).some((r) => r.id === id))) return true;
    const last = blocks.at(-1);
    if (!more || !last) return false;
    after = last.first + last.events - 1;
  }
}
