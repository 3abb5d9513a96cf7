import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { fp } from '../failpoint.ts';
import { isContinuous } from '../model/following.ts';
import type { Job, JobTable } from '../model/job.ts';
import type { JobPlan, LookInput } from '../model/message.ts';
import { relationText } from '../model/table.ts';
import type { FollowingDatabases, FollowingSource, FollowingTarget } from '../ports.ts';
import { applyPlan } from './apply-plan.ts';
import { type Followed, followChanges } from './change-stream.ts';
import { followRounds } from './follow-rounds.ts';
import { currentJob, type RunPorts, withBoth } from './run-ports.ts';
import { tellLook } from './tell-look.ts';

/** What following a stream of changes needs. */
export type FollowingPorts = Omit<RunPorts, 'databases'> & { readonly databases: FollowingDatabases };

/** Both ends of the job. */
export interface Ends {
  readonly source: FollowingSource;
  readonly target: FollowingTarget;
}

/** A slot waits for open transactions; the function itself ends after 15 minutes. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** So many tables the event lists one by one; an item of DynamoDB holds 400 KB. */
const LISTED = 500;

const tableView = ({ plan: { changes }, whole }: Followed['plans'][number]) => ({
  ...(whole && { whole }),
  ...(changes?.keys !== undefined && { changed_keys: changes.keys }),
});

/** Tells DynamoDB how each table is looked at. */
async function mirror(job: Job, { plans, view }: Followed, ports: FollowingPorts): Promise<void> {
  const told = new Map(plans.map((p) => [p.plan.table, tableView(p)]));
  const tables = await ports.jobs.tables(job.job_id);
  const patched = tables.map((t): JobTable => {
    const look = told.get(t.table) ?? {};
    return { ...t, ...look, ...(look.changed_keys !== undefined && { rows_estimate: look.changed_keys }) };
  });
  await ports.jobs.putTables(patched);
  const heartbeat_at = ports.clock().toISOString();
  await ports.jobs.transition(job.job_id, { from: ['running'], epoch: job.epoch }, { changes: view, heartbeat_at });
}

/** Drains the stream and stores what each table is to look at, unless an earlier call has. */
async function followOnce(job: Job, { source, target }: Ends, ports: FollowingPorts): Promise<void> {
  const plans = await target.loadPlans(job.job_id);
  if (plans.some((p) => p.changes)) return;
  const followed = await followChanges(job, plans, { source, target, nowMs: () => ports.clock().getTime() });
  tellLook(job, followed, ports.log);
  await mirror(job, followed, ports);
  const event = jobEvent('changes.drained', SERVICE, {
    ...followed.view,
    tables: followed.plans.slice(0, LISTED).map((p) => ({ name: relationText(p.plan.target), ...tableView(p) })),
  });
  await target.changeLog.storePlans(
    { jobId: job.job_id, epoch: job.epoch },
    followed.plans.map((p) => p.plan),
    event,
  );
  await fp('changes.planned');
}

/**
 * The step behind Prepare of a job that follows the source's log: before anything is compared, the stream is connected and
 * drained, and the plans say which rows to look at. Repeating it changes nothing once the plans are stored. Of a job that
 * follows it until it is stopped this is one look at the log of many.
 */
export async function followLog(input: LookInput, ports: FollowingPorts): Promise<JobPlan> {
  const job = await currentJob(input, ports.jobs);
  const { job_id, epoch, config } = job;
  const { max_parallel_tables, max_parallel_operations } = config;
  const plan = { job_id, epoch, max_parallel_tables, max_parallel_operations, follows: true };
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const ends = { source, target };
    if (isContinuous(config)) return { ...plan, ...(await followRounds(job, input, ends, ports)) };
    await followOnce(job, ends, ports);
    return { ...plan, step: 'work', next: await applyPlan(job_id, target) };
  });
}
