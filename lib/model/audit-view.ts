/** How much of the audit trail a job keeps; each level includes the one before. */
export const AUDIT_LEVELS = ['minimal', 'standard', 'detailed'] as const;
export type AuditLevel = (typeof AUDIT_LEVELS)[number];

/** How serious an event is, mildest first. */
export const SEVERITIES = ['info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];
