import { type AuditEventType, type AuditLevel, keeps } from '../audit/catalogue.ts';
import type { AuditLog, ConflictStore, TargetDatabase } from '../ports.ts';

/** Events per round, between two looks at the target. */
const ROUND = 500;

/** Stored events that are remembered at once when a later one is refused: a throttled table then still empties the outbox. */
const SLICE = 32;

/**
 * Moves events from the target's outbox into the audit log. Idempotent: an event keeps its identity, so a crash between the
 * two stores it again as the same one. What was stored before an error is not stored again.
 */
export async function drainOutbox(
  target: TargetDatabase,
  audit: AuditLog,
  jobId: string,
  level: AuditLevel,
): Promise<void> {
  for (;;) {
    const events = await target.peekOutbox(jobId, ROUND);
    if (events.length === 0) return;
    let stored = 0;
    try {
      for (; stored < events.length; stored += SLICE) {
        const some = events.slice(stored, stored + SLICE);
        await audit.append(some.filter((e) => keeps(level, e.type as AuditEventType))); // only our own code writes the outbox
      }
    } finally {
      if (stored > 0) await target.trimOutbox(jobId, events.slice(0, stored));
    }
  }
}

/** Conflicts per round. */
const CONFLICTS = 100;

/** Moves conflicts from the target into the store, as they are now. Idempotent: a store takes no older version. */
export async function drainConflicts(
  target: TargetDatabase,
  store: ConflictStore | undefined,
  jobId: string,
): Promise<void> {
  while (store) {
    const conflicts = await target.untoldConflicts(jobId, CONFLICTS);
    if (conflicts.length === 0) return;
    await store.put(conflicts);
    await target.toldConflicts(conflicts);
  }
}
