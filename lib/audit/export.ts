import type { AuditRecord } from '../model/audit-event.ts';
import { canonicalJson } from './canonical-json.ts';
import { severityOf } from './catalogue.ts';
import { csvLine } from './csv.ts';

const COLUMNS = ['seq', 'at', 'type', 'severity', 'actor', 'table', 'data', 'id', 'hash'] as const;

/** Events as CSV; with its head line at the beginning of a file. */
export function eventsCsv(records: readonly AuditRecord[], head: boolean): string {
  const lines = records.map(({ seq, at, type, actor, data, id, hash }) => {
    const table = typeof data.table === 'string' ? data.table : '';
    return csvLine([seq, at, type, severityOf(type), actor, table, canonicalJson(data), id, hash]);
  });
  return (head ? csvLine(COLUMNS) : '') + lines.join('');
}

/** Events as JSON lines, lossless: what `hash` is the hash of is the line without it, with `job_id` put in. */
export function eventsJsonLines(records: readonly AuditRecord[]): string {
  return records.map((r) => `${canonicalJson(r)}\n`).join('');
}
