/** How much of the audit trail a job keeps; each level includes the one before. */
export type AuditLevel = 'minimal' | 'standard' | 'detailed';

const CATALOGUE = {
  'job.created': ['minimal', 'A job was accepted: who started it, over which databases, with which config.'],
  'job.prepared': ['minimal', 'Tables were ordered and cut into segments.'],
  'job.taken_over': ['minimal', 'The run was restarted at a new epoch, because it gave no sign of life.'],
  'job.resumed': ['minimal', 'Somebody, or the service itself after a pause, let the job go on from its checkpoints.'],
  'job.stopped': ['minimal', 'Somebody stopped the job; from here on nothing is written for it.'],
  'job.paused': ['minimal', 'The job waits; the code says for what.'],
  'job.expired': ['minimal', 'Nobody resumed the job in time; its connections and checkpoints are forgotten.'],
  'job.completed': ['minimal', 'The job ended; every remaining difference is one it can name.'],
  'job.failed': ['minimal', 'The job ended without reaching its goal; the code says why.'],
  'healing.chunk_retried': ['standard', 'A chunk was rolled back by another transaction and tried again.'],
  'healing.chunk_shrunk': ['standard', 'A chunk was refused and tried again in halves.'],
  'healing.row_isolated': ['standard', 'A row was refused by itself and put aside; the others of its chunk went in.'],
  'healing.looked_again': ['standard', 'Rows moved while they were decided, and were looked at again.'],
  'healing.segment_retried': ['standard', 'A segment was given back to the queue to be tried again.'],
  'healing.segment_given_up': ['minimal', 'Five workers in a row died on a segment.'],
  'healing.step_retried': ['standard', 'A step of the workflow failed and is tried again.'],
  'healing.table_failed': ['minimal', 'A table was given up, the job went on with the others; the code says why.'],
  'healing.taken_over': ['minimal', 'The run gave no sign of life and was restarted.'],
  'healing.paused': ['minimal', 'The job waits; the code says for what.'],
  'healing.probed': [
    'standard',
    'The service looked whether the job can go on; it cannot, and the reason is another one.',
  ],
  'healing.resumed': ['minimal', 'What the job waited for is there; it goes on by itself.'],
  'conflict.opened': ['standard', 'Both sides changed a row, and it waits for somebody to decide.'],
  'conflict.refreshed': ['detailed', 'An open conflict was met again, as both sides are now.'],
  'conflict.closed': ['standard', 'A conflict is none any more: both sides agree, or one of them went back.'],
  'conflict.decided': [
    'standard',
    'A rule decided a row that both sides changed, or overwrote a change of the target; with what it looked at, before and after.',
  ],
  'conflict.resolved': ['minimal', 'Somebody decided a conflict; with what they looked at, before and after.'],
  'table.applied': ['standard', 'All segments of a table went through a pass.'],
  'chunk.applied': ['standard', 'Changes were decided by a rule and applied in one transaction; with counts.'],
  'segment.finished': ['standard', 'The last buckets of a segment were decided in a pass; with counts.'],
} as const satisfies Record<string, readonly [AuditLevel, string]>;

export type AuditEventType = keyof typeof CATALOGUE;

/** Every event type with the level that keeps it and its meaning. */
export const AUDIT_EVENTS: Readonly<Record<AuditEventType, { readonly level: AuditLevel; readonly meaning: string }>> =
  Object.fromEntries(Object.entries(CATALOGUE).map(([type, [level, meaning]]) => [type, { level, meaning }])) as Record<
    AuditEventType,
    { level: AuditLevel; meaning: string }
  >; // fromEntries forgets the key type

const RANK: Readonly<Record<AuditLevel, number>> = { minimal: 0, standard: 1, detailed: 2 };

/** Whether a job with this level keeps events of this type. */
export function keeps(level: AuditLevel, type: AuditEventType): boolean {
  return RANK[AUDIT_EVENTS[type].level] <= RANK[level];
}
