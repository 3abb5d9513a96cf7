import { keeps } from '../audit/catalogue.ts';
import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { shown } from '../data-types/registry.ts';
import { fp } from '../failpoint.ts';
import type { RowKey } from '../model/change.ts';
import type { Progress } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { isContinuous } from '../model/following.ts';
import { addCounts, type Counts, type JobTable, NO_COUNTS, type Pass } from '../model/job.ts';
import type { PassInput, PassPlan, SegmentPlan, TableInput } from '../model/message.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { TargetDatabase } from '../ports.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { partition, partitionSegments } from './paging.ts';
import { guardDeletes, passesOf, passOrder, segmentsToDo, tablesToDo } from './plan.ts';
import { currentJob, type RunPorts, withTarget } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 60_000;

async function planOf(input: TableInput, plans: readonly TablePlan[]): Promise<TablePlan> {
  const plan = plans.find((p) => p.table === input.table);
  if (!plan) throw new SyncError('internal', `The job has no table ${input.table}.`);
  return plan;
}

async function mirrorTable(input: TableInput, ports: RunPorts, patch: Partial<JobTable>): Promise<void> {
  const table = await ports.jobs.table(input.job_id, input.table);
  if (table) await ports.jobs.putTables([{ ...table, ...patch }]);
}

/**
 * First step of a pass: which tables it has something to do in. What apply compared equal and nobody touched since needs no
 * second look, so in a quiet job no table is verified twice. Throws `confirm_required` before anything is deleted.
 */
export async function planPass(input: PassInput, ports: RunPorts): Promise<PassPlan> {
  const job = await currentJob(input, ports.jobs);
  if (!passesOf(job.config).includes(input.pass)) return { levels: [], parts: [] };
  // one that follows the log goes on behind its final comparisons
  if (input.pass === 'verify' && !input.part && !isContinuous(job.config)) {
    await ports.jobs.transition(
      job.job_id,
      { from: statesAllowing('verify'), epoch: job.epoch },
      { state: stateAfter('verify') },
    );
  }
  return withTarget(job, ports, STATEMENT_TIMEOUT_MS, async (target) => {
    const failed = await failedTables(job.job_id, ports);
    const plans = await target.loadPlans(job.job_id);
    const progress = await target.loadProgress(job.job_id);
    const alive = plans.filter((p) => !failed.has(p.table));
    if (input.pass === 'delete' && !input.part) guardDeletes(alive, progress, job.config, job.confirmed_deletes);
    const todo = tablesToDo(alive, input.pass, progress);
    if (input.pass === 'verify' && !input.part) await mirrorQuiet(job.job_id, todo, ports);
    return partition(passOrder(plans, input.pass), todo, input.part);
  });
}

/** Tables that were given up in this run; no later pass looks at them. */
async function failedTables(jobId: string, ports: RunPorts): Promise<ReadonlySet<number>> {
  const failed = (await ports.jobs.tables(jobId)).filter((t) => t.state === 'failed');
  return new Set(failed.map((t) => t.table));
}

/** Whether the table was given up in this run. */
async function gaveUp({ job_id, table }: TableInput, ports: RunPorts): Promise<boolean> {
  return (await ports.jobs.table(job_id, table))?.state === 'failed';
}

/** Tables without anything left to verify are verified already. */
async function mirrorQuiet(jobId: string, busy: ReadonlySet<number>, ports: RunPorts): Promise<void> {
  const quiet = (await ports.jobs.tables(jobId)).filter(
    (t) => !busy.has(t.table) && t.state !== 'failed' && t.state !== 'untouched',
  );
  await ports.jobs.putTables(quiet.map((t) => ({ ...t, state: 'verified' as const })));
}

/** What decides about a table: its own progress, or that of all where others may have written into it. */
function progressFor(plan: TablePlan, pass: Pass, jobId: string, target: TargetDatabase) {
  const others = pass === 'verify' && plan.sideEffects && !plan.verifyAll;
  return target.loadProgress(jobId, others ? undefined : plan.table);
}

/** Steps may run twice; in each run of the job they are told once. */
const once = ({ table, pass, epoch }: TableInput, what: string) => `t${table}/${pass}/${what}/e${epoch}`;

const startedEvent = (plan: TablePlan, pass: Pass, segments: number) =>
  jobEvent('table.started', SERVICE, {
    table: relationText(plan.target),
    pass,
    segments,
    rows_estimate: plan.rowsEstimate,
  });

/** First step of a table in a pass: which segments are to be done; none of one that was given up meanwhile. */
export async function planTable(input: TableInput, ports: RunPorts): Promise<SegmentPlan> {
  const job = await currentJob(input, ports.jobs);
  if (await gaveUp(input, ports)) return { segments: [], parts: [] };
  return withTarget(job, ports, STATEMENT_TIMEOUT_MS, async (target) => {
    const plan = await planOf(input, await target.loadPlans(job.job_id, input.table));
    const todo = segmentsToDo(plan, input.pass, await progressFor(plan, input.pass, job.job_id, target));
    // the state machine names a part for whole tables too: all of its segments
    const first = (input.part?.from ?? 0) === 0;
    if (input.pass === 'apply' && first) await mirrorTable(input, ports, { state: 'running' });
    if (first && todo.length > 0 && keeps(job.config.audit_level, 'table.started'))
      await target.recordEvent(
        job.job_id,
        job.epoch,
        startedEvent(plan, input.pass, todo.length),
        once(input, 'started'),
      );
    await fp('plan.enqueued');
    return partitionSegments(todo, input.part);
  });
}

export function sumCounts(progress: readonly Progress[]): Counts {
  return progress.reduce((sum, p) => addCounts(sum, { ...NO_COUNTS, ...p.counts }), NO_COUNTS);
}

/** How many differences the final comparison of these segments could not explain. */
export function unexplainedIn(progress: readonly Progress[]): number {
  return progress.filter((p) => p.pass === 'verify').reduce((n, p) => n + p.unexplained, 0);
}

/** A few keys by operation, of all segments together, as a person sees them. */
function samplesIn(plan: TablePlan, progress: readonly Progress[]): NonNullable<JobTable['samples']> {
  const types = plan.key.map((name) => plan.columns.find((c) => c.name === name)?.type);
  const people = (key: RowKey) => key.map((value, i) => (types[i] ? shown(types[i], value) : value));
  const of = (kind: 'insert' | 'update' | 'delete') =>
    progress
      .flatMap((p) => p.samples[kind] ?? [])
      .slice(0, 5)
      .map(people);
  return { insert: of('insert'), update: of('update'), delete: of('delete') };
}

/** Last step of a table in a pass: records what the pass did. The final comparison's verdict falls in settle-job. */
export async function settleTable(input: TableInput, ports: RunPorts): Promise<void> {
  const job = await currentJob(input, ports.jobs);
  if (await gaveUp(input, ports)) return; // a part of it
  await withTarget(job, ports, STATEMENT_TIMEOUT_MS, async (target) => {
    const plan = await planOf(input, await target.loadPlans(job.job_id, input.table));
    const progress = await target.loadProgress(job.job_id, input.table);
    const inPass = progress.filter((p) => p.pass === input.pass);
    const unexplained = unexplainedIn(progress);
    const inFlight = inPass.reduce((n, p) => n + p.inFlight, 0);
    await target.recordEvent(
      job.job_id,
      job.epoch,
      jobEvent('table.applied', SERVICE, {
        table: relationText(plan.target),
        pass: input.pass,
        counts: sumCounts(inPass),
        unexplained,
      }),
      once(input, 'applied'),
    );
    const last = !passesOf(job.config).includes('verify'); // a later pass often has nothing to do in the table
    const state = job.config.dry_run ? 'compared' : 'unverified';
    if (last)
      await mirrorTable(input, ports, { state, ...(job.config.dry_run && { samples: samplesIn(plan, progress) }) });
    if (input.pass !== 'verify') return;
    const failure = {
      code: 'verification_failed',
      message: `${unexplained} rows of ${relationText(plan.target)} differ and no rule explains why.`,
    };
    await mirrorTable(
      input,
      ports,
      unexplained > 0
        ? { state: 'failed', failure }
        : { state: 'verified', ...(inFlight > 0 && { in_flight: inFlight }) },
    );
  });
}
