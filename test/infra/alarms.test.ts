import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARM_RULES } from '../../infra/constructs/alarm-rules.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS, unitOf } from '../../lib/model/metrics.ts';
import { tfsync } from '../unit/cli/fake-service.ts';
import { ofType, synthesize } from './synthesized.ts';

const { template } = synthesize();

/** A metric as an alarm or a graph names it; values of dimensions are what the template refers to. */
interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
}

// biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties
const metricsOf = (p: any): Named[] => {
  // biome-ignore lint/suspicious/noExplicitAny: the same
  const named = (m: any): Named => ({
    namespace: m.Namespace,
    name: m.MetricName,
    dimensions: Object.fromEntries(
      (m.Dimensions ?? []).map((d: { Name: string; Value: unknown }) => [d.Name, d.Value]),
    ),
  });
  if (p.MetricName) return [named(p)];
  // biome-ignore lint/suspicious/noExplicitAny: the same
  return p.Metrics.flatMap((m: any) => (m.MetricStat ? [named(m.MetricStat.Metric)] : []));
};

const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => ({
  name: String(Properties.AlarmName['Fn::Sub']).replace(/^\$\{AWS::StackName\}-/, ''),
  properties: Properties,
  metrics: metricsOf(Properties),
}));

/** What the page of the dashboard is made of; references become `@name`. */
const board = (() => {
  const [[, found] = []] = ofType(template, 'AWS::CloudWatch::Dashboard');
  const parts: unknown[] = found?.Properties.DashboardBody['Fn::Join'][1];
  const refs: unknown[] = [];
  const text = parts.map((p) => (typeof p === 'string' ? p : `@${refs.push(p) - 1}`)).join('');
  const widgets = JSON.parse(text).widgets as {
    readonly type: string;
    readonly properties: { readonly title?: string; readonly alarms?: string[]; readonly metrics?: unknown[][] };
  }[];
  const resolve = (value: unknown) => (/^@\d+$/.test(String(value)) ? refs[Number(String(value).slice(1))] : value);
  return { widgets, resolve, bytes: text.length };
})();

/** Rows of a graph that name a metric: namespace, name, dimensions in pairs, and how it is drawn. */
const drawn = board.widgets.flatMap(({ properties }) =>
  (properties.metrics ?? []).flatMap((row): Named[] => {
    const [namespace, name, ...rest] = row;
    if (typeof namespace !== 'string') return []; // an expression
    const pairs = rest.slice(0, -1);
    const dimensions = Object.fromEntries(
      Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i], board.resolve(pairs[2 * i + 1])]),
    );
    return [{ namespace, name: String(name), dimensions }];
  }),
);

const used = [...alarms.flatMap((a) => a.metrics), ...drawn];
const ours = used.filter((m) => m.namespace === METRIC_NAMESPACE);
const theirs = used.filter((m) => m.namespace !== METRIC_NAMESPACE);

const runbook = readFileSync('docs/runbook.md', 'utf8');
const headings = [...runbook.matchAll(/^## (.*)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)].map(
  ([, name = '', text = '']) => ({
    name,
    text,
  }),
);

describe('alarms', () => {
  it('are those of the table, and each has its heading in the runbook, which has no other', () => {
    const named = headings.map((h) => h.name).filter((name) => name !== 'Before you begin');

    expect(alarms.map((a) => a.name).sort()).toEqual(Object.keys(ALARM_RULES).sort());
    expect(named.sort()).toEqual(Object.keys(ALARM_RULES).sort());
    for (const { name, properties } of alarms)
      expect(properties.AlarmDescription).toMatch(new RegExp(`^[A-Z].*\\. What to do: docs/runbook\\.md#${name}$`));
  });

  it.each(headings.filter((h) => h.name in ALARM_RULES))('$name can be worked on by a stranger', ({ text }) => {
    const parts = [...text.matchAll(/^\*\*(\w+)\.\*\*\s([\s\S]*?)(?=^\*\*\w+\.\*\*|$(?![\s\S]))/gm)];

    expect(parts.map(([, name]) => name)).toEqual(['Description', 'Investigation', 'Resolution']);
    for (const [, name, part = ''] of parts) expect(part.trim().length, name).toBeGreaterThan(40);
    expect(parts[1]?.[2]).toMatch(/tfsync |aws |errors |logs |look |Dashboard|\]\(#/); // a command, or where it is
  });

  it('say what silence means, and are told on the topic when they begin and end', () => {
    const [topic] = ofType(template, 'AWS::SNS::Topic').map(([id]) => ({ Ref: id }));
    const silent = alarms.filter((a) => a.properties.TreatMissingData === 'breaching').map((a) => a.name);

    for (const { name, properties } of alarms) {
      expect([properties.AlarmActions, properties.OKActions], name).toEqual([[topic], [topic]]);
      expect(['breaching', 'notBreaching'], name).toContain(properties.TreatMissingData);
    }
    expect(silent).toEqual(['sweeper-silent']);
  });

  it('read at most ten metrics each, which is what CloudWatch takes', () => {
    for (const { name, metrics } of alarms) {
      expect(metrics.length, name).toBeGreaterThan(0);
      expect(metrics.length, name).toBeLessThanOrEqual(10);
    }
  });

  it('ring as they say: what they read of what, from which value on, and for how many minutes', () => {
    const plain = (value: { Ref?: string; 'Fn::GetAtt'?: string[] }) =>
      (value.Ref ?? value['Fn::GetAtt']?.[0] ?? '')
        .replace('AWS::StackName', 'the stack')
        .replace(/[0-9A-F]{8}$/, '')
        .replace(/(Function|WorkflowMachine)$/, '');
    const signs = { GreaterThanOrEqualToThreshold: '>=', GreaterThanThreshold: '>', LessThanThreshold: '<' };
    const said = alarms.map(({ name, properties: p, metrics }) => {
      // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties
      const stats: any[] = p.MetricName ? [p] : p.Metrics.flatMap((m: any) => m.MetricStat ?? []);
      const each = <T>(all: readonly T[]) => [...new Set(all)].join(', ');
      const how = each(stats.map((s) => s.Statistic ?? s.Stat));
      const of = each(metrics.map((m) => plain(Object.values(m.dimensions)[0] as object)));
      const at = typeof p.Threshold === 'number' ? p.Threshold : p.Threshold['Fn::If'][2].Ref;
      const minutes = (p.EvaluationPeriods * stats[0].Period) / 60;
      const sign = signs[p.ComparisonOperator as keyof typeof signs];
      return [name, `${how} of ${each(metrics.map((m) => m.name))} of ${of} ${sign} ${at}, ${minutes} min`];
    });

    expect(Object.fromEntries(said)).toEqual({
      'api-5xx': 'Sum of 5xx of ApiGateway >= 5, 5 min',
      'audit-chain-broken': 'Sum of AuditTrailsBroken of the stack >= 1, 5 min',
      'background-errors':
        'Sum of Errors of Sweeper, FireSchedule, Announce, DeadLetters, DeliverWebhooks, ResolveConflicts, RunFleet >= 3, 15 min',
      'dead-letters':
        'Maximum of ApproximateNumberOfMessagesVisible of SegmentsDeadLetters, ResolutionsDeadLetters, FleetOrdersDeadLetters, SchedulesDeadLetters, NotificationsDeadLetters >= 1, 5 min',
      'dynamodb-throttles':
        'Sum of ReadThrottleEvents, WriteThrottleEvents of StateJobs, StateConflicts, StateAudit, StateRegistry >= 1, 15 min',
      'executions-broken': 'Sum of ExecutionsTimedOut, ExecutionThrottled of SyncJob, SyncTable >= 1, 5 min',
      'function-throttles':
        'Sum of Throttles of SyncSegment, PlanTable, SettleTable, PrepareJob, PlanPass, SettleJob, FollowChanges, Sweeper, Commands, Queries >= 1, 15 min',
      'heartbeat-stalled': 'Maximum of OldestHeartbeatSeconds of the stack >= 1800, 5 min',
      'jobs-failed': 'Sum of JobsFailed of the stack >= 1, 5 min',
      'jobs-wait-for-person': 'Maximum of JobsWaitingForPerson of the stack >= 1, 15 min',
      'outbox-not-drained': 'Maximum of TrailsNotSealed of the stack >= 1, 30 min',
      'replication-lag': 'Maximum of ReplicationLagSeconds of the stack > LagNoticeSeconds, 5 min',
      'resolutions-waiting': 'Maximum of ApproximateAgeOfOldestMessage of ResolutionsQueue >= 900, 5 min',
      'retained-wal': 'Maximum of RetainedWalBytes of the stack > LagNoticeBytes, 5 min',
      'retention-failing': 'Sum of JobsNotErased, Errors of the stack, Retention >= 1, 60 min',
      'schedule-refused': 'Sum of ScheduledRunsRefused of the stack >= 1, 5 min',
      'segments-given-up': 'Sum of NumberOfMessagesReceived of SegmentsDeadLetters >= 1, 5 min',
      'segments-waiting': 'Maximum of ApproximateAgeOfOldestMessage of SegmentsQueue >= 1800, 15 min',
      'sweeper-silent': 'Sum of Sweeps of the stack < 1, 10 min',
      'takeovers-repeated': 'Sum of Takeovers of the stack >= 3, 60 min',
      'webhook-given-up': 'Sum of WebhooksGivenUp of the stack >= 1, 5 min',
      'worker-errors': 'Sum of Errors of SyncSegment >= 3, 5 min',
    });
    for (const { name, properties } of alarms) {
      const [sum, ...read] = properties.Metrics ?? [];
      if (sum?.Expression === undefined) continue;
      // one that is silent counts as 0, and does not silence the others
      // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties
      expect(sum.Expression, name).toBe(read.map((m: any) => `FILL(${m.Id}, 0)`).join(' + '));
    }
  });

  it('of lag and log ring where the deployment says, and never where it says 0', () => {
    const thresholds = Object.fromEntries(alarms.map((a) => [a.name, a.properties.Threshold]));

    for (const [name, parameter] of [
      ['replication-lag', 'LagNoticeSeconds'],
      ['retained-wal', 'LagNoticeBytes'],
    ] as const) {
      const [condition, never, given] = thresholds[name]['Fn::If'];
      expect(template.Conditions?.[condition]).toEqual({ 'Fn::Equals': [{ Ref: parameter }, '0'] });
      expect([never, given]).toEqual([1e15, { Ref: parameter }]);
    }
  });

  it('are mailed where there is an address, and published by CloudWatch of this account alone', () => {
    const [[, mail] = []] = ofType(template, 'AWS::SNS::Subscription');
    const [[, policy] = []] = ofType(template, 'AWS::SNS::TopicPolicy');

    expect(mail).toMatchObject({
      Condition: 'HasAlarmAddress',
      Properties: { Protocol: 'email', Endpoint: { Ref: 'AlarmAddress' } },
    });
    expect(template.Parameters.AlarmAddress?.Default).toBe('');
    expect(policy?.Properties.PolicyDocument.Statement).toMatchObject([
      { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });
});

describe('metrics', () => {
  it('that alarms and graphs use are those of the table, by the name of the stack and nothing else', () => {
    expect(ours.filter((m) => !(m.name in METRICS))).toEqual([]);
    for (const m of ours) expect(m.dimensions, m.name).toEqual({ [METRIC_DIMENSION]: { Ref: 'AWS::StackName' } });
    for (const [, f] of ofType(template, 'AWS::Lambda::Function')) {
      const { FUNCTION_NAME: name, STACK_NAME: stack } = f.Properties.Environment.Variables;
      if (name !== 'web') expect(stack, name).toEqual({ Ref: 'AWS::StackName' }); // it has no log of its own
    }
  });

  it('are all shown on the dashboard', () => {
    const shown = new Set(drawn.map((m) => m.name));

    expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([]);
    expect(board.bytes).toBeLessThan(100_000);
  });

  it('are each told somewhere, by a function that exists', () => {
    const files = globSync('{lib,functions}/**/*.ts').filter((f) => f !== 'lib/model/metrics.ts');
    const code = files.map((f) => readFileSync(f, 'utf8')).join('\n');
    const told = (name: string) => new RegExp(`\\b${name}:`).test(code);

    expect(Object.keys(METRICS).filter((name) => !told(name))).toEqual([]);
    for (const { from } of Object.values(METRICS)) for (const name of from) expect(FUNCTIONS).toHaveProperty(name);
  });

  it('have their unit in their name', () => {
    expect(['RowsRead', 'ReplicationLagBytes', 'ReplicationLagSeconds', 'ChunkMilliseconds'].map(unitOf)).toEqual([
      'Count',
      'Bytes',
      'Seconds',
      'Milliseconds',
    ]);
  });

  /** Metrics of AWS, by what they are of: dimension, type of the resource, and names (documentation of each service). */
  const KNOWN: Readonly<Record<string, { readonly by: string; readonly type: string; readonly names: RegExp }>> = {
    'AWS/SQS': {
      by: 'QueueName',
      type: 'AWS::SQS::Queue',
      names: /^(ApproximateAgeOfOldestMessage|ApproximateNumberOfMessagesVisible|NumberOfMessagesReceived)$/,
    },
    'AWS/Lambda': {
      by: 'FunctionName',
      type: 'AWS::Lambda::Function',
      names: /^(Errors|Throttles|Invocations|Duration)$/,
    },
    'AWS/States': {
      by: 'StateMachineArn',
      type: 'AWS::StepFunctions::StateMachine',
      names: /^(ExecutionsStarted|ExecutionsTimedOut|ExecutionThrottled)$/,
    },
    'AWS/DynamoDB': {
      by: 'TableName',
      type: 'AWS::DynamoDB::Table',
      names: /^((Read|Write)ThrottleEvents|Consumed(Read|Write)CapacityUnits)$/,
    },
    'AWS/ApiGateway': { by: 'ApiId', type: 'AWS::ApiGatewayV2::Api', names: /^(Count|4xx|5xx|Latency)$/ },
  };

  it('of AWS are of resources of this stack', () => {
    const account = theirs.filter((m) => 'ServiceMetric' in m.dimensions);
    const rest = theirs.filter((m) => !account.includes(m));

    for (const m of rest) {
      const known = KNOWN[m.namespace];
      expect(Object.keys(m.dimensions), m.name).toEqual([known?.by]);
      expect(m.name).toMatch(known?.names ?? /^$/);
      const value = Object.values(m.dimensions)[0] as { Ref?: string; 'Fn::GetAtt'?: string[] };
      expect(template.Resources[value.Ref ?? value['Fn::GetAtt']?.[0] ?? '']?.Type, m.name).toBe(known?.type);
    }
    expect(account.map((m) => [m.name, m.dimensions])).toEqual([
      ['ConsumedCapacity', { ServiceMetric: 'StateTransition' }],
    ]);
  });
});

describe('the dashboard', () => {
  const graph = (title: string) => {
    const found = board.widgets.find((w) => w.properties.title?.startsWith(title));
    return (found?.properties.metrics ?? []) as [string, string, ...unknown[]][];
  };
  const functionsIn = (title: string) =>
    new Set(graph(title).flatMap((row) => (row[0] === 'AWS/Lambda' ? [JSON.stringify(board.resolve(row[3]))] : [])));

  it('shows every alarm, and the errors and the cost of every function', () => {
    const all = Object.keys(FUNCTIONS).length;

    expect(board.widgets.find((w) => w.type === 'alarm')?.properties.alarms).toHaveLength(alarms.length);
    for (const title of ['Errors of functions', 'Lambda: GB-seconds', 'Lambda: invocations', 'Throttles'])
      expect(functionsIn(title).size, title).toBe(all);
  });

  it('counts GB-seconds with the memory of each function: milliseconds / 1000 * MB / 1024', () => {
    const memory = new Map(ofType(template, 'AWS::Lambda::Function').map(([id, f]) => [id, f.Properties.MemorySize]));
    const rows = graph('Lambda: GB-seconds');
    const idOf = (row: readonly unknown[]) => (row.at(-1) as { id: string }).id;
    const byId = new Map(
      rows
        .filter((r) => r[0] === 'AWS/Lambda')
        .map((r) => [idOf(r), memory.get((board.resolve(r[3]) as { Ref: string }).Ref)]),
    );
    const expressions = rows.flatMap((r) =>
      typeof r[0] === 'object' ? [(r[0] as { expression: string }).expression] : [],
    );

    expect(expressions.length).toBe(new Set(memory.values()).size);
    for (const expression of expressions) {
      const [, ids = '', mb] = /^SUM\(\[([\w,]+)\]\) \/ 1000 \* (\d+) \/ 1024$/.exec(expression) ?? [];
      expect(new Set(ids.split(',').map((id) => byId.get(id)))).toEqual(new Set([Number(mb)]));
    }
  });

  it('divides what is counted by the seconds it was counted in', () => {
    const rates = graph('Rows a second').flatMap((r) =>
      typeof r[0] === 'object' ? [(r[0] as { expression: string }).expression] : [],
    );

    expect(rates).toHaveLength(6);
    for (const rate of rates) expect(rate).toMatch(/^(\w+) \/ PERIOD\(\1\)$/);
  });
});

describe('commands of the runbook', () => {
  const inline = [...runbook.matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? '');
  const lines = [...runbook.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((m) => (m[1] ?? '').split('\n'));
  const texts = [...inline, ...lines];

  it('are commands of tfsync with their options', async () => {
    const calls = [...new Set(texts.filter((t) => t.startsWith('tfsync ')).map((t) => t.replace(/ +#.*/, '')))];
    expect(calls.length).toBeGreaterThan(15);
    for (const call of calls) {
      const [, ...words] = call.split(' ');
      const path = words.slice(0, words.findIndex((w) => !/^[a-z][a-z-]*$/.test(w)) >>> 0);
      const { code, stdout } = await tfsync([...path, '--help']);
      expect([code, stdout.includes(`Usage: tfsync ${path.join(' ')} `)], call).toEqual([0, true]);
      for (const option of words.filter((w) => w.startsWith('--'))) expect(stdout, call).toContain(`${option} `);
    }
  });

  it('name functions and outputs that the stack has', () => {
    const named = [...texts.join('\n').matchAll(/(?:^errors|^logs|\$\(fn) ([a-z][a-z-]+)/gm)].map((m) => m[1] ?? '');
    const outputs = [...runbook.matchAll(/(?:\$\((?:output|arn)|look|in) ((?:[A-Z][a-z]+)+(?:Url|Arn|Table)\b)/g)].map(
      (m) => m[1] ?? '',
    );

    expect(named.length).toBeGreaterThan(20);
    for (const name of named) expect(FUNCTIONS).toHaveProperty(name);
    expect(outputs.length).toBeGreaterThan(8);
    for (const name of outputs) expect(template.Outputs).toHaveProperty(name);
  });
});
