import { SyncError } from '../../lib/model/errors.ts';
import { type Figures, METRIC_DIMENSION, METRIC_NAMESPACE, unitOf } from '../../lib/model/metrics.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { Clock, Log } from '../../lib/ports.ts';

/** What stands in each line, whatever is told. */
export interface LogSource {
  readonly service: string;
  readonly function: string;
  readonly version: string;
  readonly stack: string;
}

/** Lambda sets it anew for each invocation. */
const traceId = () => /Root=([^;]+)/.exec(process.env._X_AMZN_TRACE_ID ?? '')?.[1];

/** What makes CloudWatch take the figures of a line for metrics: its embedded metric format. Pure. */
const embedded = (figures: Figures, at: Date) => ({
  ...figures,
  _aws: {
    Timestamp: at.getTime(),
    CloudWatchMetrics: [
      {
        Namespace: METRIC_NAMESPACE,
        Dimensions: [[METRIC_DIMENSION]],
        Metrics: Object.keys(figures).map((Name) => ({ Name, Unit: unitOf(Name) })),
      },
    ],
  },
});

/** The log: one JSON line per call, for CloudWatch to search by field. Errors in `fields` are reduced first, see `loggable`. */
export function jsonLog(source: LogSource, clock: Clock): Log {
  const line = (level: 'INFO' | 'WARN' | 'ERROR') => (message: string, fields?: object, figures?: Figures) => {
    const trace = traceId();
    const now = clock();
    const own = {
      ...{ level, message, timestamp: now.toISOString(), ...source, ...(trace && { xray_trace_id: trace }) },
      ...(figures && embedded(figures, now)),
    };
    const out = level === 'INFO' ? process.stdout : process.stderr;
    out.write(`${JSON.stringify({ ...own, ...(loggable({ ...fields }) as object), ...own })}\n`); // an object in, an object out
  };
  return { info: line('INFO'), warn: line('WARN'), error: line('ERROR') };
}

/** How deep a cause of a cause is followed. */
const DEPTH = 6;

/**
 * A value without what must not be logged. The message of a driver's error may hold row values or a host, so of errors
 * that are not ours only name and code (SQLSTATE, system or AWS code) stay, and where they were thrown.
 */
export function loggable(value: unknown, depth = 0): unknown {
  if (value instanceof Secret) return '[redacted]';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > DEPTH) return '[deeper]';
  if (value instanceof Error) return errorFields(value, depth);
  if (Array.isArray(value)) return value.map((v) => loggable(v, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, loggable(v, depth + 1)]));
}

function errorFields(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    ...(error instanceof SyncError && { message: error.message, facts: loggable(error.facts, depth + 1) }),
    at: frames(error),
    ...(error.cause !== undefined && { cause: loggable(error.cause, depth + 1) }),
  };
}

/** The top of the stack without the message, which a stack begins with and which may itself hold line breaks. */
function frames(error: Error): string[] {
  const lines = (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => /^at .*:\d+:\d+\)?$/.test(line)).slice(0, 5);
}
