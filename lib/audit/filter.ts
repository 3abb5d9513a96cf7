import type { AuditRecord } from '../model/audit-event.ts';
import { SEVERITIES, type Severity } from '../model/audit-view.ts';
import { canonicalJson } from './canonical-json.ts';
import { severityOf } from './catalogue.ts';

/** Which events of a trail are meant; all that is given must hold. */
export interface AuditFilter {
  /** A type (`chunk.applied`), or all that begin like it (`chunk`). */
  readonly type?: string;
  /** Name of the target table. */
  readonly table?: string;
  /** This serious or more. */
  readonly severity?: Severity;
  readonly actor?: string;
  /** ISO 8601 in UTC with milliseconds: at or after, and before. */
  readonly from?: string;
  readonly to?: string;
  /** Somewhere in type, actor or data, whatever the case. */
  readonly text?: string;
}

function holds(record: AuditRecord, text: string): boolean {
  const { type, actor, data } = record;
  return `${type}\n${actor}\n${canonicalJson(data)}`.toLowerCase().includes(text.toLowerCase());
}

/** Whether an event is meant. Pure. */
export function matches(record: AuditRecord, f: AuditFilter): boolean {
  const { type, at, actor, data } = record;
  if (f.type !== undefined && type !== f.type && !type.startsWith(`${f.type}.`)) return false;
  if (f.table !== undefined && data.table !== f.table) return false;
  if (f.severity !== undefined && SEVERITIES.indexOf(severityOf(type)) < SEVERITIES.indexOf(f.severity)) return false;
  if (f.actor !== undefined && actor !== f.actor) return false;
  if ((f.from !== undefined && at < f.from) || (f.to !== undefined && at >= f.to)) return false;
  return f.text === undefined || holds(record, f.text);
}
