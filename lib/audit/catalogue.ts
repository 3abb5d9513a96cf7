import type { AuditLevel, Severity } from '../model/audit-view.ts';

/** Each event type with the level that keeps it and how serious it is. What each means is in meanings.ts. */
const CATALOGUE = {
  'job.created': ['minimal', 'info'],
  'job.prepared': ['minimal', 'info'],
  'changes.drained': ['minimal', 'info'],
  'changes.applied': ['minimal', 'info'],
  'job.taken_over': ['minimal', 'warning'],
  'job.resumed': ['minimal', 'info'],
  'job.stopped': ['minimal', 'warning'],
  'job.paused': ['minimal', 'warning'],
  'job.expired': ['minimal', 'warning'],
  'job.completed': ['minimal', 'info'],
  'job.failed': ['minimal', 'error'],
  'table.started': ['standard', 'info'],
  'table.applied': ['standard', 'info'],
  'segment.finished': ['standard', 'info'],
  'chunk.applied': ['standard', 'info'],
  'rows.quarantined': ['standard', 'warning'],
  'rows.released': ['standard', 'info'],
  'rows.applied': ['detailed', 'info'],
  'conflict.opened': ['standard', 'warning'],
  'conflict.refreshed': ['detailed', 'info'],
  'conflict.closed': ['standard', 'info'],
  'conflict.decided': ['standard', 'info'],
  'conflict.resolved': ['minimal', 'info'],
  'healing.chunk_retried': ['standard', 'info'],
  'healing.chunk_shrunk': ['standard', 'info'],
  'healing.row_isolated': ['standard', 'warning'],
  'healing.looked_again': ['standard', 'info'],
  'healing.segment_retried': ['standard', 'warning'],
  'healing.segment_given_up': ['minimal', 'error'],
  'healing.step_retried': ['standard', 'warning'],
  'healing.table_failed': ['minimal', 'error'],
  'healing.taken_over': ['minimal', 'warning'],
  'healing.paused': ['minimal', 'warning'],
  'healing.probed': ['standard', 'warning'],
  'healing.resumed': ['minimal', 'info'],
  'mapping.approved': ['minimal', 'info'],
  'mapping.retired': ['minimal', 'info'],
  'pair.dropped': ['minimal', 'warning'],
  'database.uninstalled': ['minimal', 'warning'],
  'environment.put': ['minimal', 'warning'],
  'environment.deleted': ['minimal', 'warning'],
  'approval.asked': ['minimal', 'info'],
  'approval.decided': ['minimal', 'info'],
} as const satisfies Record<string, readonly [AuditLevel, Severity]>;

export type AuditEventType = keyof typeof CATALOGUE;

export const AUDIT_EVENT_TYPES = /* @__PURE__ */ Object.keys(CATALOGUE) as readonly AuditEventType[]; // keys of the catalogue

export const levelOf = (type: AuditEventType): AuditLevel => CATALOGUE[type][0];

/** An event of a type that is not known here was written by another version, and is shown. */
export function severityOf(type: string): Severity {
  return Object.hasOwn(CATALOGUE, type) ? CATALOGUE[type as AuditEventType][1] : 'info';
}

const RANK: Readonly<Record<AuditLevel, number>> = { minimal: 0, standard: 1, detailed: 2 };

/** Whether a job with this level keeps events of this type. */
export function keeps(level: AuditLevel, type: AuditEventType): boolean {
  return RANK[levelOf(type)] <= RANK[level];
}
