/**
 * What the work for a job used, in the units that AWS bills. Whole numbers, but for `read_units`, which come in halves. They
 * add up over invocations. A measure, not a ledger: docs/cost.md says what is missing and how much that is.
 */
export const USAGE_FIGURES = [
  'api_requests',
  'invocations',
  'lambda_mb_ms',
  'state_transitions',
  'queue_requests',
  'secret_requests',
  'read_units',
  'write_units',
  'source_bytes_received',
  'source_bytes_sent',
  'target_bytes_received',
  'target_bytes_sent',
] as const;
export type UsageFigure = (typeof USAGE_FIGURES)[number];

/**
 * `lambda_mb_ms`: milliseconds times MB of configured memory. `queue_requests`: of SQS, those of Lambda's poller included.
 * `source_bytes_received`: from the source to the service, as they were on the wire; `sent`: the other way.
 */
export type Usage = Readonly<Record<UsageFigure, number>>;

export const NO_USAGE = Object.fromEntries(USAGE_FIGURES.map((figure) => [figure, 0])) as Usage; // every figure has one

/** What is kept of a job. `estimate`: of a dry run, what the same job would use that writes. */
export interface UsageRecord {
  readonly used: Usage;
  readonly estimate?: Usage;
}

export function addUsage(a: Usage, b: Partial<Usage>): Usage {
  return Object.fromEntries(USAGE_FIGURES.map((f) => [f, a[f] + (b[f] ?? 0)])) as Usage; // every figure has one
}
