import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { fp } from '../failpoint.ts';
import { followingView, type Reached, type Rounds } from '../model/following.ts';
import type { Job, JobTable } from '../model/job.ts';
import type { JobPlan, LookInput } from '../model/message.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { applyPlan } from './apply-plan.ts';
import { type Followed, type FollowedPlan, followChanges } from './change-stream.ts';
import type { Ends, FollowingPorts } from './follow-changes.ts';
import { nextRun } from './next-run.ts';
import { LOOKS, LOOKS_BEFORE_WORK } from './paging.ts';
import { tellLook } from './tell-look.ts';

/** So many tables the event lists one by one; an item of DynamoDB holds 400 KB. */
const LISTED = 500;

/** Rows that were put aside are tried again with each round that has something to do, and at least this often. */
const TRY_AGAIN_MS = 600_000;

/** What a look has found: something to do, or not. Pure. */
export function hasWork(
  rounds: Rounds | undefined,
  found: { readonly whole: boolean; readonly fresh: boolean; readonly waiting: number },
  nowMs: number,
): boolean {
  if (!rounds || found.whole || found.fresh) return true;
  return found.waiting > 0 && nowMs - Date.parse(rounds.settledAt ?? '') >= TRY_AGAIN_MS;
}

/** Seconds until the next look, where the execution's look `no` has found nothing to do: 1, 2, 4, ... up to the config's. Pure. */
export const waitSeconds = (no: number, most: number): number => Math.min(most, 2 ** Math.min(no - 1, 12));

const hasRows = ({ plan, whole }: FollowedPlan) => whole !== undefined || plan.changes?.keys !== 0;

/** What the job's item and its tables tell of a round that begins. */
async function tell(job: Job, busy: readonly FollowedPlan[], ports: FollowingPorts): Promise<void> {
  const told = new Map(busy.map((p) => [p.plan.table, p]));
  const tables = await ports.jobs.tables(job.job_id);
  const patched = tables.flatMap(({ whole: _, changed_keys: __, ...t }): JobTable[] => {
    const found = told.get(t.table);
    if (!found) return [];
    const keys = found.plan.changes?.keys;
    const look = { ...(found.whole && { whole: found.whole }), ...(keys !== undefined && { changed_keys: keys }) };
    return [{ ...t, ...look, ...(keys !== undefined && { rows_estimate: keys }) }];
  });
  await ports.jobs.putTables(patched);
}

const drainedEvent = ({ view }: Followed, busy: readonly FollowedPlan[]) =>
  jobEvent('changes.drained', SERVICE, {
    ...view,
    tables: busy.slice(0, LISTED).map(({ plan, whole }) => ({
      name: relationText(plan.target),
      ...(whole && { whole }),
      ...(plan.changes?.keys !== undefined && { changed_keys: plan.changes.keys }),
    })),
  });

/** Mirrors how far the job has come, which is a sign of life as well. */
async function mirror(
  job: Job,
  rounds: Rounds | undefined,
  { source }: Ends,
  how: { readonly ports: FollowingPorts; readonly changes?: Job['changes'] },
): Promise<void> {
  if (!rounds) return;
  const lag = rounds.applied ? await source.changes.lag(rounds.applied.through) : 0;
  const { ports, changes } = how;
  await ports.jobs.transition(
    job.job_id,
    { from: ['running'], epoch: job.epoch },
    {
      following: followingView(rounds, lag),
      heartbeat_at: ports.clock().toISOString(),
      ...(changes && { changes }),
    },
  );
}

/** Drains the log, and begins a round where that has told of something to do. Answers whether it did. */
async function look(job: Job, before: Rounds | undefined, ends: Ends, ports: FollowingPorts): Promise<boolean> {
  const { source, target } = ends;
  const run = { jobId: job.job_id, epoch: job.epoch };
  const nowMs = () => ports.clock().getTime();
  const sourceSnapshot = await source.snapshot(); // before the drain: what it does not see and the drain does is looked at anyway
  const plans = (await target.loadPlans(job.job_id)).map((p): TablePlan => ({ ...p, sourceSnapshot }));
  const mode = before ? 'incremental' : job.mode;
  const followed = await followChanges({ ...job, mode }, plans, { source, target, nowMs });
  tellLook(job, followed, ports.log);
  const asOf = followed.asOf ?? before?.applied?.asOf ?? job.created_at;
  const reached: Reached = { through: followed.view.through, asOf };
  const tables = followed.plans.flatMap((p) => p.plan.changes?.table ?? []);
  const found = {
    whole: followed.plans.some((p) => p.whole !== undefined),
    fresh: before !== undefined && (await target.rounds.hasNew(tables, before.drains)),
    waiting: followed.plans.reduce((n, p) => n + (p.plan.changes?.keys ?? 0), 0),
  };
  if (!hasWork(before, found, nowMs())) {
    await target.rounds.quiet(run, reached);
    await mirror(job, await target.rounds.load(job.job_id), ends, { ports });
    return false;
  }
  // the first round goes over all tables, as any job does
  const busy = before ? followed.plans.filter(hasRows) : followed.plans;
  const idle = followed.plans.filter((p) => !busy.includes(p)).map((p) => p.plan.table);
  await tell(job, busy, ports);
  await target.rounds.begin(
    run,
    { plans: followed.plans.map((p) => p.plan), idle, reached },
    drainedEvent(followed, busy),
  );
  await fp('round.begun');
  await mirror(job, await target.rounds.load(job.job_id), ends, { ports, changes: followed.view });
  return true;
}

/**
 * One look of a job that follows the log until it is stopped: a round that has begun goes on, else the log is drained and a
 * round begins where there is something to do. Nothing is held while it waits for the next look, and an execution that has
 * looked often enough hands over to the next run of the job, so that its history stays short.
 */
export async function followRounds(
  job: Job,
  { look: no = 1 }: Pick<LookInput, 'look'>,
  ends: Ends,
  ports: FollowingPorts,
): Promise<Pick<JobPlan, 'step' | 'look' | 'wait_seconds' | 'next'>> {
  const rounds = await ends.target.rounds.load(job.job_id);
  const begun = rounds !== undefined && rounds.planned > rounds.settled;
  const nothing = { levels: [], parts: [] };
  const at = { look: no + 1, wait_seconds: waitSeconds(no, job.config.continuous_interval_seconds) };
  const work = begun || (await look(job, rounds, ends, ports));
  if (work && no <= LOOKS_BEFORE_WORK) return { ...at, step: 'work', next: await applyPlan(job.job_id, ends.target) };
  if (!work && no < LOOKS) return { ...at, step: 'wait', next: nothing };
  await nextRun(job, {}, ports);
  return { ...at, step: 'next_run', next: nothing };
}
