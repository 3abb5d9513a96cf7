import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS, type MetricName, unitOf } from '../../lib/model/metrics.ts';

/** One line of a function's log that CloudWatch would take metrics from. */
export interface ToldFigures {
  readonly function: string;
  readonly job_id?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly figures: Readonly<Partial<Record<MetricName, readonly number[]>>>;
}

interface Line extends Record<string, unknown> {
  readonly function: string;
  readonly job_id?: string;
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
}

const parsed = (text: string): Line[] => {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return []; // a process that was killed may have been writing, and Node.js itself writes no JSON
  }
};

/**
 * The figures of a line, as the embedded metric format has them. Throws where CloudWatch would not take them as they are
 * meant, or where they are not in the table of metrics.
 */
export function figuresOf(line: Line): ToldFigures[] {
  if (!line._aws) return [];
  const [directive, ...more] = line._aws.CloudWatchMetrics;
  const dimensions = JSON.stringify(directive?.Dimensions);
  if (!directive || more.length > 0 || directive.Namespace !== METRIC_NAMESPACE) throw new Error('another directive');
  if (dimensions !== `[["${METRIC_DIMENSION}"]]`) throw new Error(`other dimensions: ${dimensions}`);
  if (typeof line[METRIC_DIMENSION] !== 'string') throw new Error('the dimension has no value');
  if (!Number.isInteger(line._aws.Timestamp)) throw new Error('no time');
  const figures = directive.Metrics.map(({ Name, Unit }) => {
    const metric = Object.hasOwn(METRICS, Name) ? METRICS[Name as MetricName] : undefined;
    if (!metric || Unit !== unitOf(Name)) throw new Error(`${Name} in ${Unit} is in no table`);
    if (!(metric.from as readonly string[]).includes(line.function))
      throw new Error(`${Name} comes from ${line.function}`);
    const values = [line[Name]].flat();
    if (values.length === 0 || values.length > 100 || !values.every(Number.isFinite))
      throw new Error(`${Name}: ${values}`);
    return [Name, values];
  });
  const { function: name, job_id, _aws } = line;
  return [{ function: name, at: _aws.Timestamp, ...(job_id && { job_id }), figures: Object.fromEntries(figures) }];
}

/** All that the functions of a service have told since then, function by function. */
export function toldFigures(dataDir: string, sinceMs: number): readonly ToldFigures[] {
  const folder = join(dataDir, 'logs');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  return texts.flatMap((text) => text.split('\n').flatMap(parsed).flatMap(figuresOf)).filter(({ at }) => at >= sinceMs);
}

/** All values of one metric. */
export const valuesOf = (told: readonly ToldFigures[], name: MetricName): readonly number[] =>
  told.flatMap(({ figures }) => figures[name] ?? []);

export const sumOf = (told: readonly ToldFigures[], name: MetricName): number =>
  valuesOf(told, name).reduce((a, b) => a + b, 0);

/** Metrics of this service that alarms of a template read. */
export function alarmMetrics(
  resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>,
): readonly MetricName[] {
  const alarms = Object.values(resources).filter((r) => r.Type === 'AWS::CloudWatch::Alarm');
  const found = alarms.flatMap(({ Properties }) => {
    const { Metrics = [], ...single } = Properties as Single & {
      readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Single } }[];
    };
    const all = [single, ...Metrics.flatMap((m) => m.MetricStat?.Metric ?? [])];
    return all.flatMap((m) => (m.Namespace === METRIC_NAMESPACE && m.MetricName ? [m.MetricName] : []));
  });
  return [...new Set(found)] as MetricName[]; // test/infra/alarms.test.ts holds them against the table
}

interface Single {
  readonly Namespace?: string;
  readonly MetricName?: string;
}
