import { jobEvent } from '../audit/job-event.ts';
import { SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import { MOST_RETRY_KEYS, type QuarantineFilter } from '../model/quarantine.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { QuarantineSource, QuarantineTarget, Workflow } from '../ports.ts';
import { leaseEnds, storedOrUndone, type Taken } from './lease-ends.ts';
import { hasNone, jobWithRows, type QuarantinePorts, queryOf } from './list-quarantine.ts';
import { withBoth } from './run-ports.ts';
import { staleHolder } from './stale-holder.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

export interface RetryRequest {
  /** The job that put the rows aside. */
  readonly jobId: string;
  /** The id of the new one. */
  readonly retryId: string;
  readonly filter: QuarantineFilter;
  readonly actor: string;
}

export interface RetryOutcome {
  readonly job: Job;
  /** Rows that are tried again. */
  readonly rows: number;
  /** Tables with more of them than are looked up one by one. */
  readonly wholeTables: readonly string[];
}

type Ports = QuarantinePorts & { readonly workflow: Pick<Workflow, 'start'> };

/** How many rows each table has to try again, up to one more than are looked up. */
async function countRows(
  jobId: string,
  filter: QuarantineFilter,
  plans: readonly TablePlan[],
  target: QuarantineTarget,
): Promise<readonly { readonly plan: TablePlan; readonly rows: number }[]> {
  const query = queryOf(filter, plans);
  const counted: { readonly plan: TablePlan; readonly rows: number }[] = [];
  for (const plan of query ? plans : []) {
    if (query?.table !== undefined && query.table !== plan.table) continue;
    const own = { ...query, table: plan.table, limit: MOST_RETRY_KEYS + 1 };
    const rows = (await target.listQuarantined(jobId, own)).length;
    if (rows > 0) counted.push({ plan, rows });
  }
  return counted;
}

const nothing = () =>
  new SyncError('nothing_to_retry', 'The job has put no row aside that is like this, or has written none at all.');

/** The new job: the same pair and config, over the rows alone. */
function newJob(old: Job, request: RetryRequest, secretRef: string, now: string): Job {
  return {
    job_id: request.retryId,
    mode: 'full',
    state: 'created',
    epoch: 1,
    config: old.config,
    source: old.source,
    target: old.target,
    secret_ref: secretRef,
    actor: request.actor,
    ...(old.environments && { environments: old.environments }),
    ...(old.approval && { approval: old.approval }),
    guarantee: old.guarantee,
    created_at: now,
    heartbeat_at: now,
    takeovers: 0,
    retry: { of: old.job_id, ...request.filter },
  };
}

type Ends = { readonly source: QuarantineSource; readonly target: QuarantineTarget };

function takeLease(old: Job, request: RetryRequest, plans: readonly TablePlan[], ends: Ends, ports: Ports) {
  const { source, target } = ends;
  const event = jobEvent('job.created', request.actor, {
    mode: 'full',
    retry_of: old.job_id,
    ...request.filter,
    source: old.source,
    target: old.target,
    config: old.config,
    ...(old.environments && { environments: old.environments }),
    ...(old.approval && { approval: old.approval }),
  });
  const stale = { source: staleHolder(source, ports), target: staleHolder(target, ports) };
  return leaseEnds(ends, { jobId: request.retryId, tables: plans, event, stale });
}

/** Stores secret and job; see `storedOrUndone`. */
async function store(old: Job, request: RetryRequest, ends: Ends, taken: Taken, ports: Ports): Promise<Job> {
  const { retryId: jobId } = request;
  let secretRef: string | undefined;
  try {
    secretRef = await ports.secrets.put(jobId, await ports.secrets.get(old.secret_ref));
    const job = newJob(old, request, secretRef, ports.clock().toISOString());
    await ports.jobs.create(job);
    return job;
  } catch (error) {
    const forget = async () => secretRef && (await ports.secrets.remove(secretRef));
    const stored = await storedOrUndone(ends, { jobId, taken }, ports.jobs, forget);
    if (stored) return stored;
    throw error;
  }
}

/** Again under the same id it is the job that the call before has made. */
async function begin(old: Job, request: RetryRequest, plans: readonly TablePlan[], ends: Ends, ports: Ports) {
  const before = await ports.jobs.get(request.retryId);
  if (before) return before;
  const taken = await takeLease(old, request, plans, ends, ports);
  return store(old, request, ends, taken, ports);
}

/**
 * Starts a job over the rows that an ended one has put aside, by its own config: each is looked at on both sides again, and
 * nothing else is. Of a table with more than 5,000 of them, or without a key, all rows are compared. What the first job listed
 * stays as it was; the new one lists what still does not go in.
 *
 * Throws `nothing_to_retry`, `state_conflict` while the job still goes on, `resume_expired`, `target_busy`, and what connecting
 * throws; then nothing was written.
 */
export async function retryQuarantine(request: RetryRequest, ports: Ports): Promise<RetryOutcome> {
  const old = await jobWithRows(request.jobId, ports);
  if (!ENDED_STATES.includes(old.state))
    throw new SyncError('state_conflict', `The job is ${old.state}: its rows can be tried again once it has ended.`);
  if (old.config.dry_run || hasNone(old)) throw nothing();
  return withBoth(old, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const plans = await target.loadPlans(old.job_id);
    const counted = await countRows(old.job_id, request.filter, plans, target);
    if (counted.length === 0) throw nothing();
    const job = await begin(old, request, plans, { source, target }, ports);
    await ports.workflow.start({ job_id: job.job_id, epoch: job.epoch }).catch(() => undefined); // the sweeper starts it
    const whole = counted.filter((c) => c.rows > MOST_RETRY_KEYS || c.plan.keyless);
    return {
      job,
      rows: counted.reduce((n, c) => n + Math.min(c.rows, MOST_RETRY_KEYS), 0),
      wholeTables: whole.map((c) => relationText(c.plan.target)),
    };
  });
}
