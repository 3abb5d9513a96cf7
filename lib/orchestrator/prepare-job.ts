import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { fp } from '../failpoint.ts';
import { SyncError } from '../model/errors.ts';
import type { Job, JobTable } from '../model/job.ts';
import type { JobInput, JobPlan } from '../model/message.ts';
import { type FingerprintForm, relationText, type TablePlan } from '../model/table.ts';
import type { Database, TargetDatabase } from '../ports.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { levelsOf, passesOf, tablePlans } from './plan.ts';
import { preflight } from './preflight.ts';
import { currentJob, type RunPorts, withBoth } from './run-ports.ts';

/** Prepare may sample every table; the function itself ends after 15 minutes. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** `fast` where both servers hash sample values of all types in use alike, else `portable`. */
async function agreedForm(
  source: Database,
  target: TargetDatabase,
  plans: readonly TablePlan[],
): Promise<FingerprintForm> {
  const columns = plans.flatMap((p) => p.columns);
  const [a, b] = await Promise.all([source.probe(columns), target.probe(columns)]);
  return a.join() === b.join() ? 'fast' : 'portable';
}

async function makePlans(job: Job, source: Database, target: TargetDatabase, ports: RunPorts): Promise<void> {
  const snapshot = await source.snapshot(); // before the first look at a row
  const found = await preflight(source, target, job.config);
  const form = await agreedForm(source, target, tablePlans(found, job.config, { fingerprint: 'fast', snapshot }));
  const plans = tablePlans(found, job.config, { fingerprint: form, snapshot });
  const planned = [];
  for (const plan of plans) planned.push({ plan, segments: await ports.databases.planSegments(source, target, plan) });
  const event = jobEvent('job.prepared', SERVICE, {
    fingerprint: form,
    tables: planned.map(({ plan, segments }) => ({
      name: relationText(plan.target),
      key: plan.key,
      segments: segments.length,
      rows_estimate: plan.rowsEstimate,
    })),
  });
  await target.storePlans({ jobId: job.job_id, epoch: job.epoch, passes: passesOf(job.config) }, planned, event);
  await fp('plan.written');
}

function mirrored(job: Job, plan: TablePlan, segments: number): JobTable {
  return {
    job_id: job.job_id,
    table: plan.table,
    name: relationText(plan.target),
    state: 'pending',
    level: plan.level,
    rows_estimate: plan.rowsEstimate,
    segments,
  };
}

/**
 * First step of a run: raises the epoch in the target (from now on no older run can commit), then plans the job unless an
 * earlier run has, and says what to do. Repeating it changes nothing.
 */
export async function prepareJob(input: JobInput, ports: RunPorts): Promise<JobPlan> {
  const job = await currentJob(input, ports.jobs);
  const preparing = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('prepare'), epoch: job.epoch },
    { state: stateAfter('prepare') },
  );
  if (!preparing) throw new SyncError('state_conflict', `A job that is ${job.state} cannot be prepared.`);
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const { epoch, takeovers, moved_by: moved } = job;
    await target.raiseEpoch(job.job_id, epoch, {
      ...(moved && { event: jobEvent(moved.event, moved.actor, { epoch, takeovers }) }),
    });
    if (!(await target.isPrepared(job.job_id))) await makePlans(job, source, target, ports);
    const plans = await target.loadPlans(job.job_id);
    const progress = await target.loadProgress(job.job_id);
    const segments = (table: number) => progress.filter((p) => p.table === table && p.pass === 'apply').length;
    await ports.jobs.putTables(plans.map((p) => mirrored(job, p, segments(p.table))));
    const now = ports.clock().toISOString();
    await ports.jobs.transition(
      job.job_id,
      { from: statesAllowing('run'), epoch: job.epoch },
      { state: stateAfter('run'), started_at: job.started_at ?? now, heartbeat_at: now },
    );
    const { max_parallel_tables, max_parallel_operations } = job.config;
    return { ...input, max_parallel_tables, max_parallel_operations, apply_levels: levelsOf(plans) };
  });
}
