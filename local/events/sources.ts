import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Json } from '../json.ts';
import { functionName } from '../states/tasks.ts';
import { ACCOUNT, REGION } from '../template/resolve.ts';
import type { Stack } from '../template/stack.ts';
import { rateMs } from './schedule.ts';

const mappingSchema = z.looseObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.coerce.number().default(10),
  Enabled: z.boolean().default(true),
  ScalingConfig: z.object({ MaximumConcurrency: z.coerce.number() }).optional(),
  FunctionResponseTypes: z.array(z.string()).default([]),
});

/** Lambda would go to 1,000; without a limit of its own a mapping gets what one machine can bear. */
const DEFAULT_CONCURRENCY = 10;

/** Event source mappings from queues to functions. Throws on sources other than SQS. */
export function readPollers(stack: Stack) {
  const mappings = stack
    .ofType('AWS::Lambda::EventSourceMapping')
    .map(({ properties }) => mappingSchema.parse(properties));
  return mappings
    .filter((mapping) => mapping.Enabled)
    .map((mapping) => {
      const queue = stack.ofType('AWS::SQS::Queue').find((q) => q.identity.attributes.Arn === mapping.EventSourceArn);
      if (!queue) throw new Error(`Only queues of this stack can be event sources, not ${mapping.EventSourceArn}`);
      return {
        queueName: queue.name,
        queueUrl: queue.identity.ref,
        queueArn: mapping.EventSourceArn,
        functionName: functionName(mapping.FunctionName),
        batchSize: mapping.BatchSize,
        maxConcurrency: mapping.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
        reportsItemFailures: mapping.FunctionResponseTypes.includes('ReportBatchItemFailures'),
      };
    });
}

export interface ScheduleSource {
  readonly name: string;
  readonly everyMs: number;
  readonly functionName: string;
  /** The event of one firing. */
  readonly input: () => Json;
}

const target = z.looseObject({ Arn: z.string(), Input: z.string().optional() });
const scheduleSchema = z.looseObject({
  ScheduleExpression: z.string(),
  State: z.string().default('ENABLED'),
  Target: target,
});
const ruleSchema = z.looseObject({
  ScheduleExpression: z.string().optional(),
  State: z.string().default('ENABLED'),
  Targets: z.array(target).default([]),
});

/** Schedules of EventBridge Scheduler and scheduled rules. Throws on expressions other than `rate(...)`. */
export function readSchedules(stack: Stack): readonly ScheduleSource[] {
  const schedules = stack.ofType('AWS::Scheduler::Schedule').map(({ name, properties }) => {
    const { Target, ...schedule } = scheduleSchema.parse(properties);
    return { name, ...schedule, Targets: [Target] };
  });
  const rules = stack
    .ofType('AWS::Events::Rule')
    .map(({ name, properties }) => ({ name, ...ruleSchema.parse(properties) }));
  return [...schedules, ...rules].flatMap(
    ({ name, ScheduleExpression: expression, State: state, Targets: targets }) => {
      if (state !== 'ENABLED' || expression === undefined) return [];
      return targets.map((one) => ({
        name,
        everyMs: rateMs(expression),
        functionName: functionName(one.Arn),
        input: () => (one.Input === undefined ? scheduledEvent(name) : (JSON.parse(one.Input) as Json)), // JSON by contract
      }));
    },
  );
}

function scheduledEvent(name: string): Json {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: new Date().toISOString(),
    region: REGION,
    resources: [name],
    detail: {},
  };
}
