import { Duration } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FunctionName } from '../functions.ts';
import { gauge, named, ofApi, ofFunction, ofMachine, ofQueue, ofTable, own, sum, type Watched } from './measured.ts';

/** When somebody is told, and of what. */
export interface AlarmRule {
  /** What is wrong, for the message. */
  readonly says: string;
  readonly metric: (w: Watched) => IMetric;
  /** It rings at this value or above; `below`: under it. A parameter, as text, where the deployment says; its 0: never. */
  readonly at: number | ((w: Watched) => string);
  readonly below?: true;
  /** Periods in a row; 1 unless said. */
  readonly periods?: number;
  /** Silence rings too. */
  readonly silenceRings?: true;
}

const MINUTES_15 = Duration.minutes(15);

/** Called by AWS, each minute or for each message: nobody waits for an answer who would notice. */
const BACKGROUND: readonly FunctionName[] = [
  'sweeper',
  'fire-schedule',
  'announce',
  'dead-letters',
  'deliver-webhooks',
  'resolve-conflicts',
  'run-fleet',
];

/** What most calls are made of; an alarm takes ten metrics, and concurrency is the account's: it meets all functions alike. */
const BUSY: readonly FunctionName[] = [
  'sync-segment',
  'plan-table',
  'settle-table',
  'prepare-job',
  'plan-pass',
  'settle-job',
  'follow-changes',
  'sweeper',
  'commands',
  'queries',
];

const visible = 'ApproximateNumberOfMessagesVisible';

/**
 * Every alarm by name; docs/runbook.md has a heading for each. Figures that are not plain come with where they are from.
 */
export const ALARM_RULES = {
  'dead-letters': {
    says: 'Messages lie in a dead-letter queue.',
    metric: (w) =>
      sum('Dead letters', [
        ofQueue(w.segmentDeadLetters, visible, 'Segments'),
        ofQueue(w.resolutionDeadLetters, visible, 'Resolutions'),
        ofQueue(w.orderDeadLetters, visible, 'Orders'),
        ofQueue(w.scheduleDeadLetters, visible, 'Schedules'),
        ofQueue(w.deliveryDeadLetters, visible, 'Deliveries'),
      ]),
    at: 1,
  },
  // SQS counts no message as sent that it moves by itself, and the queue is emptied at once: what is received is what came
  'segments-given-up': {
    says: 'Five workers in a row died on a segment; its job waits for a person.',
    metric: (w) => ofQueue(w.segmentDeadLetters, 'NumberOfMessagesReceived', 'Segments given up', 'Sum'),
    at: 1,
  },
  // a worker holds its message for one stride, 15 minutes at most; two strides, and nobody has come for it
  'segments-waiting': {
    says: 'Segments have waited for a worker for more than half an hour.',
    metric: (w) => ofQueue(w.segments, 'ApproximateAgeOfOldestMessage', 'Segments'),
    at: 1_800,
    periods: 3,
  },
  // a step takes 30 s at most
  'resolutions-waiting': {
    says: 'Orders to decide conflicts have waited for a quarter of an hour.',
    metric: (w) => ofQueue(w.resolutions, 'ApproximateAgeOfOldestMessage', 'Resolutions'),
    at: 900,
  },
  // what a worker can answer is no error of its function: these are deaths. One is healed by the next delivery
  'worker-errors': {
    says: 'Workers die: out of memory, out of time, or before they could answer.',
    metric: (w) => sum('Deaths of workers', ofAll(w, ['sync-segment'], 'Errors')),
    at: 3,
  },
  'background-errors': {
    says: 'A function that nobody waits for fails again and again.',
    metric: (w) => sum('Errors in the background', ofAll(w, BACKGROUND, 'Errors'), MINUTES_15),
    at: 3,
  },
  // the pollers of SQS are refused now and then while concurrency grows; not for a quarter of an hour
  'function-throttles': {
    says: 'Lambda refuses to run functions: the account has no concurrency left.',
    metric: (w) => sum('Throttles', ofAll(w, BUSY, 'Throttles')),
    at: 1,
    periods: 3,
  },
  // an execution that ends as failed is a job that paused or failed, which is told of as such
  'executions-broken': {
    says: 'Executions of a workflow ran out of time, or Step Functions throttles them.',
    metric: (w) =>
      sum(
        'Executions',
        w.machines.flatMap((m) => [ofMachine(m, 'ExecutionsTimedOut'), ofMachine(m, 'ExecutionThrottled')]),
      ),
    at: 1,
  },
  'dynamodb-throttles': {
    says: 'DynamoDB refuses calls of the service, for longer than the SDK repeats them.',
    metric: (w) =>
      sum(
        'Throttles',
        w.tables.flatMap((t) => [ofTable(t, 'ReadThrottleEvents'), ofTable(t, 'WriteThrottleEvents')]),
      ),
    at: 1,
    periods: 3,
  },
  'jobs-failed': { says: 'A job has failed.', metric: () => own('JobsFailed'), at: 1 },
  // a person who works with the service sees it at once and resumes; this is for those whom nobody looks at
  'jobs-wait-for-person': {
    says: 'A paused job waits for a person for a quarter of an hour.',
    metric: () => gauge('JobsWaitingForPerson'),
    at: 1,
    periods: 3,
  },
  // a worker's beat is stored once a minute; a step of 15 minutes, the longest there is, has none
  'heartbeat-stalled': {
    says: 'A job at work has given no sign of life for half an hour.',
    metric: () => gauge('OldestHeartbeatSeconds'),
    at: 1_800,
  },
  // five and the job pauses: MAX_TAKEOVERS of lib/orchestrator/sweep.ts
  'takeovers-repeated': {
    says: 'Runs of jobs die again and again, and are started anew.',
    metric: () => own('Takeovers').with({ period: Duration.hours(1) }),
    at: 3,
  },
  'replication-lag': {
    says: "A job that follows the source's log is further behind than LagNoticeSeconds.",
    metric: () => gauge('ReplicationLagSeconds'),
    at: (w) => w.lagSeconds,
  },
  'retained-wal': {
    says: 'A source keeps more log for a slot of this service than LagNoticeBytes; it can fill its disk.',
    metric: () => gauge('RetainedWalBytes'),
    at: (w) => w.lagBytes,
  },
  // the sweeper asks each minute for an hour, then each hour
  'outbox-not-drained': {
    says: 'The last events of an ended job are still in its target, and not in the audit trail.',
    metric: () => gauge('TrailsNotSealed'),
    at: 1,
    periods: 6,
  },
  'audit-chain-broken': {
    says: 'An audit trail is not what the service has written.',
    metric: () => own('AuditTrailsBroken'),
    at: 1,
  },
  'api-5xx': { says: 'The API answers with errors of its own.', metric: (w) => ofApi(w.apiId, '5xx'), at: 5 },
  'webhook-given-up': {
    says: 'A notification could not be delivered to a webhook in any attempt.',
    metric: () => own('WebhooksGivenUp'),
    at: 1,
  },
  'schedule-refused': {
    says: 'A scheduled run could not be started.',
    metric: () => own('ScheduledRunsRefused'),
    at: 1,
  },
  'retention-failing': {
    says: 'Jobs whose time is up are not deleted.',
    metric: (w) =>
      sum(
        'Jobs not erased, and deaths',
        [own('JobsNotErased'), ...ofAll(w, ['retention'], 'Errors')],
        Duration.hours(1),
      ),
    at: 1,
  },
  'sweeper-silent': {
    says: 'The sweeper has not come to an end for ten minutes: dead jobs stay dead, paused ones paused.',
    metric: () => own('Sweeps'),
    at: 1,
    below: true,
    periods: 2,
    silenceRings: true,
  },
} as const satisfies Readonly<Record<string, AlarmRule>>;

export type AlarmName = keyof typeof ALARM_RULES;

function ofAll({ functions }: Watched, names: readonly FunctionName[], metric: string): readonly IMetric[] {
  return named(functions, names).map((fn) => ofFunction(fn, metric));
}
