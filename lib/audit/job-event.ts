import type { JobEvent } from '../model/checkpoint.ts';
import type { AuditEventType } from './catalogue.ts';

/** Who acts when nobody asked: the service itself. */
export const SERVICE = 'terrafusion-sync';

/** A typed event for the audit trail. Data: ids, names, counts and codes; never a row value. */
export function jobEvent(type: AuditEventType, actor: string, data: JobEvent['data']): JobEvent {
  return { type, actor, data };
}
