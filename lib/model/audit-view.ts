import type { AuditRecord, AuditRoot } from './audit-event.ts';
import type { AuditReport } from './audit-report.ts';

/** How much of the audit trail a job keeps; each level includes the one before. */
export const AUDIT_LEVELS = ['minimal', 'standard', 'detailed'] as const;
export type AuditLevel = (typeof AUDIT_LEVELS)[number];

/** How serious an event is, mildest first. */
export const SEVERITIES = ['info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

// What the API answers about a trail, as its clients read it. The schemas are in functions/api/routes/audit-*.ts.

export interface AuditEventView extends AuditRecord {
  readonly severity: Severity;
}

export interface AuditPage {
  readonly events: readonly AuditEventView[];
  readonly next_token?: string;
}

export interface AuditReportPart extends AuditReport {
  readonly seconds: number;
  readonly rows_written_per_second: number | null;
  readonly root?: AuditRoot;
  readonly next_token?: string;
}

export interface AuditVerification {
  readonly job_id: string;
  readonly state: 'intact' | 'broken' | 'checking';
  readonly events: number;
  readonly hash: string;
  readonly sealed: boolean;
  readonly root?: AuditRoot;
  readonly roots: readonly AuditRoot[];
  readonly faults: readonly { readonly code: string; readonly seq: number; readonly message: string }[];
  readonly faults_in_all: number;
  readonly next_token?: string;
}
