import { Aws, Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from '../../lib/model/metrics.ts';
import type { FunctionName } from '../functions.ts';
import type { ServiceFunction } from './service-function.ts';

/** What the stack has that is looked at. */
export interface Watched {
  /** All of them. */
  readonly functions: readonly ServiceFunction[];
  readonly segments: Queue;
  readonly segmentDeadLetters: Queue;
  readonly resolutions: Queue;
  readonly resolutionDeadLetters: Queue;
  /** Orders over many pairs. */
  readonly orders: Queue;
  readonly orderDeadLetters: Queue;
  readonly deliveries: Queue;
  readonly deliveryDeadLetters: Queue;
  readonly scheduleDeadLetters: Queue;
  readonly tables: readonly Table[];
  /** ARNs of the state machines of a job and of a table. */
  readonly machines: readonly string[];
  readonly apiId: string;
  /** As text: tokens of parameters. 0: a lag is none, however large. */
  readonly lagBytes: string;
  readonly lagSeconds: string;
}

/** Of alarms and pictures. A week of five-minute figures is 2,016 points. */
export const PERIOD = Duration.minutes(5);

const measure = (
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic: string,
  label = metricName,
) => new Metric({ namespace, metricName, dimensionsMap: { ...dimensionsMap }, statistic, label, period: PERIOD });

/** A metric of this service: a count is summed up, of a gauge the most is meant. */
export const own = (name: MetricName, statistic: string = Stats.SUM): Metric =>
  measure(METRIC_NAMESPACE, name, { [METRIC_DIMENSION]: Aws.STACK_NAME }, statistic);

export const gauge = (name: MetricName): Metric => own(name, Stats.MAXIMUM);

export const ofFunction = ({ lambda, name }: ServiceFunction, metric: string, statistic: string = Stats.SUM) =>
  measure('AWS/Lambda', metric, { FunctionName: lambda.functionName }, statistic, name);

export const ofQueue = (queue: Queue, metric: string, label: string, statistic: string = Stats.MAXIMUM) =>
  measure('AWS/SQS', metric, { QueueName: queue.queueName }, statistic, label);

export const ofTable = (table: Table, metric: string) =>
  measure('AWS/DynamoDB', metric, { TableName: table.tableName }, Stats.SUM, table.node.id);

export const ofMachine = (StateMachineArn: string, metric: string) =>
  measure('AWS/States', metric, { StateMachineArn }, Stats.SUM);

export const ofApi = (ApiId: string, metric: string, statistic: string = Stats.SUM) =>
  measure('AWS/ApiGateway', metric, { ApiId }, statistic);

/** Functions by name. Throws for a name that the stack does not have. */
export function named(functions: readonly ServiceFunction[], names: readonly FunctionName[]): ServiceFunction[] {
  return names.map((name) => {
    const found = functions.find((fn) => fn.name === name);
    if (!found) throw new Error(`The stack has no function ${name}`);
    return found;
  });
}

/**
 * The sum of several metrics. Where one of them has no figure it counts as 0: most of them are silent until something happens.
 * An alarm takes ten at most.
 */
export function sum(label: string, metrics: readonly IMetric[], period = PERIOD): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, i) => [`m${i}`, metric]));
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics, label, period });
}
