import { Aws, Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as Board,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  PeriodOverride,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { MetricName } from '../../lib/model/metrics.ts';
import type { Alarms } from './alarms.ts';
import { gauge, named, ofApi, ofFunction, ofMachine, ofQueue, ofTable, own, PERIOD, type Watched } from './measured.ts';
import type { ServiceFunction } from './service-function.ts';

const MINUTE = Duration.minutes(1);

/** One name is one metric within a graph. */
const idOf = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** Sums a second, whatever the period is that the reader chooses. */
const perSecond = (name: MetricName, label: string) =>
  new MathExpression({
    expression: `${idOf(name)} / PERIOD(${idOf(name)})`,
    usingMetrics: { [idOf(name)]: own(name) },
    label,
    period: MINUTE,
  });

/** What Step Functions is paid by; it tells of them for the account alone. */
const STATE_TRANSITIONS = new Metric({
  namespace: 'AWS/States',
  metricName: 'ConsumedCapacity',
  dimensionsMap: { ServiceMetric: 'StateTransition' },
  statistic: Stats.AVERAGE,
  label: 'state transitions a second',
  period: PERIOD,
});

const sums = (...names: readonly MetricName[]) => names.map((name) => own(name));
const gauges = (...names: readonly MetricName[]) => names.map((name) => gauge(name));

/** Of a group of functions, as metrics that a sum takes by their names. */
const grouped = (functions: readonly ServiceFunction[], metric: string) =>
  Object.fromEntries(functions.map((fn) => [idOf(fn.node.id), ofFunction(fn, metric)]));

const summed = (label: string, functions: readonly ServiceFunction[], metric: string) => {
  const usingMetrics = grouped(functions, metric);
  return new MathExpression({ expression: `SUM([${Object.keys(usingMetrics)}])`, usingMetrics, label, period: PERIOD });
};

/** Duration (ms) times memory (MB) of functions of one size, as GB-seconds: what Lambda is paid by. */
const gbSeconds = (memoryMb: number, functions: readonly ServiceFunction[]) => {
  const usingMetrics = grouped(functions, 'Duration');
  const milliseconds = `SUM([${Object.keys(usingMetrics)}])`;
  return new MathExpression({
    expression: `${milliseconds} / 1000 * ${memoryMb} / 1024`,
    usingMetrics,
    label: `${functions.length} functions of ${memoryMb} MB`,
    period: PERIOD,
  });
};

function graph(
  title: string,
  left: readonly IMetric[],
  more: { right?: readonly IMetric[]; stacked?: true } = {},
): IWidget {
  return new GraphWidget({
    title,
    width: 8,
    height: 6,
    left: [...left],
    right: [...(more.right ?? [])],
    leftYAxis: { min: 0 },
    stacked: more.stacked ?? false,
    liveData: true,
  });
}

/** One page for whoever is on call: what jobs do, what waits, what is wrong, and what it costs. */
export class Dashboard extends Construct {
  readonly name: string;

  constructor(scope: Construct, { watched, alarms }: { readonly watched: Watched; readonly alarms: Alarms }) {
    super(scope, 'Dashboard');
    this.name = Aws.STACK_NAME;
    new Board(this, 'Board', {
      dashboardName: this.name,
      defaultInterval: Duration.hours(12),
      periodOverride: PeriodOverride.INHERIT, // sums are meant for the period that they are drawn with
      widgets: [
        [
          new TextWidget({
            markdown: 'Each alarm has a heading in docs/runbook.md. Metrics: docs/metrics.md.',
            width: 24,
            height: 1,
          }),
        ],
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms.all], width: 24, height: 4 })],
        jobs(),
        rows(),
        waiting(watched),
        trouble(watched),
        cost(watched),
        used(watched),
      ],
    });
  }
}

const jobs = () => [
  graph('Jobs now', gauges('JobsAtWork', 'JobsWaiting', 'JobsWaitingForPerson')),
  graph(
    'Jobs that ended, paused, went on',
    sums('JobsCompleted', 'JobsCompletedWithIssues', 'JobsFailed', 'JobsStopped', 'JobsPaused', 'JobsResumed'),
    { stacked: true },
  ),
  graph('Conflicts', gauges('ConflictsOpen'), { right: sums('ConflictsOpened', 'RowsInConflict', 'RowsPutAside') }),
];

const rows = () => [
  graph('Rows a second', [
    perSecond('RowsRead', 'read'),
    perSecond('RowsInserted', 'inserted'),
    perSecond('RowsUpdated', 'updated'),
    perSecond('RowsDeleted', 'deleted'),
    perSecond('RowsKept', 'kept'),
    perSecond('RowsWrittenBack', 'written to the source'),
  ]),
  graph(
    'Chunks: milliseconds, and how many',
    [own('ChunkMilliseconds', Stats.p(50)), own('ChunkMilliseconds', Stats.p(99))].map((m, i) =>
      m.with({ label: i === 0 ? 'half take at most' : '99 of 100 take at most' }),
    ),
    { right: [own('ChunkMilliseconds', Stats.SAMPLE_COUNT).with({ label: 'chunks' })] },
  ),
  graph('Lag of the log: seconds, and bytes', gauges('ReplicationLagSeconds'), {
    right: gauges('ReplicationLagBytes', 'RetainedWalBytes'),
  }),
];

const waiting = (w: Watched) => {
  const age = 'ApproximateAgeOfOldestMessage';
  const visible = 'ApproximateNumberOfMessagesVisible';
  return [
    graph(
      'Queues: age of the oldest message (s), and messages',
      [
        ofQueue(w.segments, age, 'segments'),
        ofQueue(w.resolutions, age, 'resolutions'),
        ofQueue(w.orders, age, 'orders'),
        ofQueue(w.deliveries, age, 'deliveries'),
      ],
      { right: [ofQueue(w.segments, visible, 'segments that wait')] },
    ),
    graph('Dead letters', [
      ofQueue(w.segmentDeadLetters, visible, 'segments'),
      ofQueue(w.resolutionDeadLetters, visible, 'resolutions'),
      ofQueue(w.orderDeadLetters, visible, 'orders'),
      ofQueue(w.scheduleDeadLetters, visible, 'schedules'),
      ofQueue(w.deliveryDeadLetters, visible, 'deliveries'),
      ...sums('WebhooksGivenUp'),
    ]),
    graph('Connections: sessions held, and segments that waited for one', gauges('SessionsHeld'), {
      right: sums('ConnectionWaits'),
    }),
  ];
};

const trouble = (w: Watched) => [
  graph(
    'Errors of functions',
    w.functions.map((fn) => ofFunction(fn, 'Errors')),
    { stacked: true },
  ),
  graph('Throttles', [
    summed('functions', w.functions, 'Throttles'),
    ...w.tables
      .flatMap((t) => [ofTable(t, 'ReadThrottleEvents'), ofTable(t, 'WriteThrottleEvents')])
      .map((m, i) => m.with({ label: `${m.label} ${i % 2 === 0 ? 'reads' : 'writes'}` })),
    ...w.machines.map((m, i) => ofMachine(m, 'ExecutionThrottled').with({ label: ['jobs', 'tables'][i] ?? '' })),
  ]),
  graph(
    'Healing, and what could not be done yet',
    sums('HealingSteps', 'Takeovers', 'OutboxNotDrained', 'JobsNotSwept', 'JobsNotErased', 'AuditTrailsBroken'),
    { right: gauges('TrailsNotSealed', 'OldestHeartbeatSeconds') },
  ),
];

const cost = (w: Watched) => {
  const sizes = [...Map.groupBy(w.functions, (fn) => fn.memoryMb)].sort(([a], [b]) => a - b);
  const others = w.functions.filter((fn) => fn.name !== 'sync-segment');
  return [
    graph(
      'Lambda: GB-seconds',
      sizes.map(([memoryMb, some]) => gbSeconds(memoryMb, some)),
      { stacked: true },
    ),
    graph(
      'Lambda: invocations',
      [
        summed('workers', named(w.functions, ['sync-segment']), 'Invocations'),
        summed('all others', others, 'Invocations'),
      ],
      { stacked: true },
    ),
    graph(
      'Step Functions: executions, and state transitions a second of the whole account',
      w.machines.map((m, i) => ofMachine(m, 'ExecutionsStarted').with({ label: ['jobs', 'tables'][i] ?? '' })),
      { right: [STATE_TRANSITIONS] },
    ),
  ];
};

const used = (w: Watched) => {
  const label = (m: ReturnType<typeof ofTable>, i: number) =>
    m.with({ label: `${m.label} ${i % 2 === 0 ? 'read' : 'written'}` });
  const units = w.tables.flatMap((t) => [
    ofTable(t, 'ConsumedReadCapacityUnits'),
    ofTable(t, 'ConsumedWriteCapacityUnits'),
  ]);
  return [
    graph('DynamoDB: units consumed by the tables, without their indexes', units.map(label), { stacked: true }),
    graph(
      'API: requests, and how they were answered',
      [ofApi(w.apiId, 'Count').with({ label: 'requests' }), ofApi(w.apiId, '4xx'), ofApi(w.apiId, '5xx')],
      { right: [ofApi(w.apiId, 'Latency', Stats.p(99)).with({ label: 'ms, 99 of 100 at most' })] },
    ),
    graph(
      'Schedules and webhooks',
      sums(
        'ScheduledRunsStarted',
        'ScheduledRunsRefused',
        'ScheduledRunsSkipped',
        'WebhooksDelivered',
        'JobsErased',
        'Sweeps',
      ),
    ),
  ];
};
