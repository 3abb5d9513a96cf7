import { concernsOf, type SlotConcern, type SlotFacts, type SlotWarning } from '../model/slot.ts';

/** So many are told; the worst first. */
const TOLD = 20;

const REMEDIES: Readonly<Record<SlotConcern, (slot: SlotFacts, own: boolean) => string>> = {
  lost: (slot, own) => (own ? 'Nothing: this job makes a new one.' : drop(slot)),
  filling: (slot, own) => (own ? 'Sync more often, or raise max_slot_wal_keep_size.' : drop(slot)),
  unlimited: (slot, own) => (own ? 'Sync more often, and set max_slot_wal_keep_size.' : drop(slot)),
  unread: (slot) => drop(slot),
  unknown: (slot) => drop(slot),
};

const drop = ({ slot, database }: SlotFacts) =>
  `If its pair is given up: tfsync pairs drop --source postgresql://.../${database} --pair ${slot}`;

/**
 * What a job says of the slots on the server of its source: its own, and those of other pairs, which may have been given up
 * without being dropped. Those that keep most come first. Pure.
 */
export function slotWarnings(slots: readonly SlotFacts[], own: string, nowMs: number): readonly SlotWarning[] {
  const bySize = [...slots].sort((a, b) => b.retained_bytes - a.retained_bytes);
  return bySize
    .flatMap((slot) => {
      const mine = slot.slot === own;
      // its own is being read by this job; who reads the others nobody has asked
      const concerns = concernsOf(mine ? { ...slot, active: true } : slot, undefined, nowMs);
      return concerns.map((concern) => ({
        slot: slot.slot,
        database: slot.database,
        concern,
        retained_bytes: slot.retained_bytes,
        own: mine,
        remedy: REMEDIES[concern](slot, mine),
      }));
    })
    .slice(0, TOLD);
}
