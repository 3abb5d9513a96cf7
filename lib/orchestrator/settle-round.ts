import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { fp } from '../failpoint.ts';
import type { Progress } from '../model/checkpoint.ts';
import { followingView } from '../model/following.ts';
import type { Counts, Job, JobTable } from '../model/job.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { Database, SettledChanges, TargetDatabase } from '../ports.ts';
import { mayConflict } from './conflict-plan.ts';
import { drainConflicts, drainOutbox } from './drain-outbox.ts';
import { nextRun } from './next-run.ts';
import type { RunPorts } from './run-ports.ts';
import { sumCounts } from './table-steps.ts';

const written = ({ inserted, updated, deleted }: Counts) => inserted + updated + deleted;

/** What the tables tell of themselves once the round has ended; the others are as they were. */
async function tellTables(
  job: Job,
  busy: readonly TablePlan[],
  what: {
    readonly all: ReadonlyMap<number, Counts>;
    readonly own: ReadonlyMap<number, Counts>;
    readonly conflicts: ReadonlyMap<string, number>;
  },
  ports: RunPorts,
): Promise<void> {
  const tables = new Map((await ports.jobs.tables(job.job_id)).map((t) => [t.table, t]));
  const told = busy.flatMap((plan): JobTable[] => {
    const table = tables.get(plan.table);
    const counts = what.all.get(plan.table);
    if (!table || !counts) return [];
    const quarantined = what.own.get(plan.table)?.quarantined ?? 0;
    const conflicts = what.conflicts.get(relationText(plan.target)) ?? 0;
    return [{ ...table, settled: { epoch: job.epoch, counts, quarantined, conflicts } }];
  });
  await ports.jobs.putTables(told);
}

/**
 * Ends a round of a job that follows the log until it is stopped: what the log had told is in the target now, which says so
 * in one transaction, and the job goes on with its next run. Repeating it changes nothing.
 */
export async function settleRound(
  job: Job,
  { source, target }: { readonly source: Database; readonly target: TargetDatabase },
  done: {
    readonly plans: readonly TablePlan[];
    readonly progress: readonly Progress[];
    readonly changes: readonly SettledChanges[];
  },
  ports: RunPorts,
): Promise<void> {
  const run = { jobId: job.job_id, epoch: job.epoch };
  const byTable = Map.groupBy(done.progress, (p) => p.table);
  const counts = new Map([...byTable].map(([no, p]) => [no, sumCounts(p)] as const).filter(([, own]) => own.read > 0));
  const busy = done.plans.filter((p) => counts.has(p.table));
  const sum = sumCounts(done.progress);
  const event = jobEvent('changes.applied', SERVICE, { counts: sum });
  await target.rounds.settle(run, { changes: done.changes, counts, rows: written(sum) }, event);
  await fp('round.settled');
  await drainOutbox(target, ports.audit, job);
  const conflicts = mayConflict(job.config) ? await target.countOpenConflicts(job.job_id) : new Map<string, number>();
  if (mayConflict(job.config)) await drainConflicts(target, ports.conflicts, job.job_id);
  await tellTables(job, busy, { all: await target.rounds.counts(job.job_id), own: counts, conflicts }, ports);
  const rounds = await target.rounds.load(job.job_id);
  if (!rounds?.applied) throw new TypeError('the round was settled');
  const lag = await source.changes.lag(rounds.applied.through);
  await nextRun(job, { following: followingView(rounds, lag) }, ports);
}
