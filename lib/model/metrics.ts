/** What a metric counts or measures, for docs/metrics.md and the dashboard; `from`: functions whose log carries it. */
interface Metric {
  readonly meaning: string;
  readonly from: readonly string[];
}

/** The namespace of all of them in CloudWatch. */
export const METRIC_NAMESPACE = 'TerraFusionSync';

/** The one dimension: the name of the stack. Ids, tables and hosts stand in the line as properties, and in no dimension. */
export const METRIC_DIMENSION = 'stack';

/**
 * Every metric of this service, by name. Counts are of what happened since the line before, and add up; gauges are what is so
 * at that moment, and their maximum is meant. What AWS measures by itself is not measured again: queues, functions,
 * executions, tables, the API.
 */
export const METRICS = {
  RowsRead: { meaning: 'Keys found on either side and decided, each once.', from: ['sync-segment'] },
  RowsInserted: { meaning: 'Rows inserted into the target.', from: ['sync-segment'] },
  RowsUpdated: { meaning: 'Rows updated in the target.', from: ['sync-segment'] },
  RowsDeleted: { meaning: 'Rows deleted from the target.', from: ['sync-segment'] },
  RowsKept: {
    meaning:
      'Rows left as the target has them. Less than none in the pass that deletes what was counted as kept before.',
    from: ['sync-segment'],
  },
  RowsWrittenBack: { meaning: 'Rows written to the source, by jobs that write to both sides.', from: ['sync-segment'] },
  RowsPutAside: { meaning: 'Rows put aside, less those that went in after all.', from: ['sync-segment'] },
  RowsInConflict: {
    meaning: 'Rows found in conflict, less those settled since; also ones known from earlier jobs.',
    from: ['sync-segment'],
  },
  ChunkMilliseconds: {
    meaning: 'What each chunk took in the target, its repetitions included; its sample count is the number of chunks.',
    from: ['sync-segment'],
  },
  SessionsHeld: {
    meaning: 'Gauge: sessions of this service that a worker counted on a server when it came in, itself included.',
    from: ['sync-segment'],
  },
  ConnectionWaits: {
    meaning: 'Segments given back because a server had as many sessions as the connection budget allows.',
    from: ['sync-segment'],
  },
  OutboxNotDrained: {
    meaning:
      'Segments whose events could not be moved out of the target; a later one or the end of the job moves them.',
    from: ['sync-segment'],
  },
  HealingSteps: {
    meaning: 'Things that a job overcame by itself: chunks, segments and steps repeated, pauses, takeovers.',
    from: [
      'prepare-job',
      'follow-changes',
      'plan-pass',
      'plan-table',
      'settle-table',
      'settle-job',
      'sync-segment',
      'dead-letters',
      'sweeper',
    ],
  },
  JobsCompleted: { meaning: 'Jobs that ended as completed.', from: ['announce'] },
  JobsCompletedWithIssues: { meaning: 'Jobs that ended as completed_with_issues.', from: ['announce'] },
  JobsFailed: { meaning: 'Jobs that ended as failed.', from: ['announce'] },
  JobsStopped: { meaning: 'Jobs that somebody stopped.', from: ['announce'] },
  JobsPaused: { meaning: 'Jobs that the service paused.', from: ['announce'] },
  JobsResumed: { meaning: 'Jobs that went on.', from: ['announce'] },
  ConflictsOpened: {
    meaning: 'Conflicts that jobs had opened and left undecided when they ended.',
    from: ['announce'],
  },
  Sweeps: { meaning: 'Rounds of the sweeper that came to their end; one a minute.', from: ['sweeper'] },
  JobsNotSwept: { meaning: 'Jobs that a round of the sweeper could not look after.', from: ['sweeper'] },
  Takeovers: { meaning: 'Jobs whose run had died and that the sweeper started again.', from: ['sweeper'] },
  JobsAtWork: { meaning: 'Gauge: jobs that are created, prepared, running, verified or stopping.', from: ['sweeper'] },
  JobsWaiting: { meaning: 'Gauge: paused jobs that the service looks after by itself.', from: ['sweeper'] },
  JobsWaitingForPerson: {
    meaning: 'Gauge: paused jobs that go on only when somebody resumes them.',
    from: ['sweeper'],
  },
  OldestHeartbeatSeconds: {
    meaning: 'Gauge: since the last sign of life of the most silent job at work.',
    from: ['sweeper'],
  },
  ConflictsOpen: {
    meaning:
      'Gauge: conflicts that ended jobs had left, of jobs of which some still wait and whose connections are kept.',
    from: ['sweeper'],
  },
  TrailsNotSealed: { meaning: 'Gauge: ended jobs whose last events are still in their target.', from: ['sweeper'] },
  ReplicationLagBytes: {
    meaning: "Gauge: of the source's log, not applied by the job that is furthest behind.",
    from: ['follow-changes', 'sweeper'],
  },
  ReplicationLagSeconds: { meaning: 'Gauge: how old the oldest of that may be.', from: ['follow-changes', 'sweeper'] },
  RetainedWalBytes: {
    meaning:
      'Gauge: log that a source still keeps for the slot of this service that keeps most, after a job has read its own.',
    from: ['follow-changes'],
  },
  ScheduledRunsStarted: { meaning: 'Runs of schedules that started a job.', from: ['fire-schedule'] },
  ScheduledRunsRefused: { meaning: 'Runs of schedules whose start was refused.', from: ['fire-schedule'] },
  ScheduledRunsSkipped: {
    meaning: 'Runs of schedules left out because another one was at work.',
    from: ['fire-schedule'],
  },
  WebhooksDelivered: {
    meaning: 'Deliveries done with: their receiver took them, or wants none any more.',
    from: ['deliver-webhooks'],
  },
  WebhooksGivenUp: { meaning: 'Deliveries given up after the last attempt.', from: ['deliver-webhooks'] },
  JobsErased: { meaning: 'Jobs deleted because their time was up.', from: ['retention'] },
  JobsNotErased: { meaning: 'Jobs whose time is up and that could not be deleted.', from: ['retention'] },
  AuditTrailsBroken: {
    meaning: 'Checks of an audit trail that found a fault; each check that found none counts 0.',
    from: ['queries'],
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** Figures of one line of the log; a list where each of several things was measured, at most 100. */
export type Figures = { readonly [N in MetricName]?: number | readonly number[] };

/** As CloudWatch calls it. A unit other than a count stands in the name. Pure. */
export function unitOf(name: string): 'Count' | 'Bytes' | 'Seconds' | 'Milliseconds' {
  const [unit] = /(Bytes|Seconds|Milliseconds)$/.exec(name) ?? [];
  return (unit as 'Bytes' | undefined) ?? 'Count'; // one of those in the pattern
}
