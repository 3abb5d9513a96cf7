import type { HealingNote } from '../model/audit-event.ts';
import type { AuditEventType } from './catalogue.ts';
import { AUDIT_EVENTS } from './meanings.ts';

/** Event types that tell how a job healed itself. */
export type HealingType = Extract<AuditEventType, `healing.${string}`>;

/** What a status shows of one step. */
export interface HealingView {
  readonly at: string;
  readonly type: string;
  readonly message: string;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/** One healing event for people: where it was, what was done, why, how often. Pure. */
export function healingView({ at, type, data }: HealingNote): HealingView {
  const { table, pass, segment, code, sqlstate, times } = data;
  const where = [text(table), text(segment) && `segment ${segment}`, text(pass) && `pass ${pass}`].filter(Boolean);
  const why = [text(code), text(sqlstate) && `SQLSTATE ${sqlstate}`].filter(Boolean);
  const meaning = AUDIT_EVENTS[type as HealingType]?.meaning ?? type; // written by a newer version, perhaps
  const message = [
    where.length > 0 ? `${where.join(', ')}: ` : '',
    meaning,
    why.length > 0 ? ` Reason: ${why.join(', ')}.` : '',
    typeof times === 'number' && times > 1 ? ` ${times} times.` : '',
  ];
  return { at, type, message: message.join('') };
}
