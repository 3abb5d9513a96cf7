import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { isKnownType } from '../data-types/registry.ts';
import { fp } from '../failpoint.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { Job, JobTable } from '../model/job.ts';
import type { JobInput, JobPlan } from '../model/message.ts';
import type { StoredValidation } from '../model/schema-check.ts';
import { type FingerprintForm, type PlannedColumn, relationText, type TablePlan } from '../model/table.ts';
import type { PlanningDatabase, PlanningSource, PlanningTarget, SourceClock } from '../ports.ts';
import { planBaselines } from './baseline.ts';
import { connectsToLog, followsLog } from './follows-log.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { partition } from './paging.ts';
import { passesOf, passOrder, tablePlans, tablesToDo } from './plan.ts';
import { type Preflight, preflight } from './preflight.ts';
import { currentJob, type PlanningPorts, raiseEverywhere, withBoth } from './run-ports.ts';
import { isClosed, tellEnd } from './tell-end.ts';
import { validateTables } from './validate-table.ts';
import { remembers, type Windowed, windowedPlans } from './window.ts';

/** So many tables the event lists one by one; an item of DynamoDB holds 400 KB. */
const LISTED = 500;

/** Prepare may sample every table; the function itself ends after 15 minutes. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** Whether both servers answer alike for sample values of the columns' types. */
async function alike(
  source: PlanningDatabase,
  target: PlanningDatabase,
  columns: readonly PlannedColumn[],
  form: FingerprintForm,
) {
  const [a, b] = await Promise.all([source.probe(columns, form), target.probe(columns, form)]);
  return a.join() === b.join();
}

/**
 * `fast` where both servers hash sample values of all types in use alike, else `portable`. Throws `equality_invalid` where
 * they do not even give a shape the same normal form.
 */
async function agreedForm(
  source: PlanningDatabase,
  target: PlanningDatabase,
  plans: readonly TablePlan[],
): Promise<FingerprintForm> {
  if (
    await alike(
      source,
      target,
      plans.flatMap((p) => p.columns),
      'fast',
    )
  )
    return 'fast';
  const problems: Problem[] = [];
  for (const plan of plans) {
    for (const column of plan.columns) {
      if (!column.equality || (await alike(source, target, [column], 'portable'))) continue;
      const object = `${relationText(plan.target)}.${column.name}`;
      const message = `Both servers give the shape of ${object} another normal form; their PostGIS or GEOS versions differ.`;
      problems.push({ code: 'equality_invalid', object, message, hint: 'Compare the column exactly.' });
    }
  }
  if (problems.length > 0) throw problemsError(problems);
  return 'portable';
}

/** Columns of types that nothing is known of, by name: their values travel and compare as text. */
function unknownTypes({ columns }: TablePlan): Pick<JobTable, 'unknown_types'> {
  const unknown = columns.filter((c) => !isKnownType(c.type));
  if (unknown.length === 0) return {};
  return { unknown_types: Object.fromEntries(unknown.map((c) => [c.name, relationText(c.type)])) };
}

/** What a mapping makes of the table, for people. */
function mappingView({ select, source, columns }: TablePlan): Pick<JobTable, 'mapping'> {
  if (!select) return {};
  return { mapping: { from: relationText(source), columns: columns.length, notes: select.notes } };
}

/** Plans with the windows that the job's strategy can tell, and what the event says of them. */
async function withWindows(
  job: Job,
  plans: readonly TablePlan[],
  found: Preflight,
  ends: { readonly source: PlanningDatabase; readonly target: PlanningTarget; readonly clock: SourceClock | undefined },
): Promise<readonly Windowed[]> {
  const { source, target, clock } = ends;
  if (followsLog(job.config)) return plans.map((plan) => ({ plan })); // what to look at, its next step says
  const all = { ...(job.mode === 'incremental' && { whole: 'no_memory' as const }) };
  if (!clock) return plans.map((plan) => ({ plan, ...all }));
  const relations = found.tables.map((t) => t.source);
  return windowedPlans(job, plans, relations, { source, target, clock });
}

function windowView({ plan: { window }, whole }: Windowed) {
  if (!window) return whole ? { whole } : {};
  const { column, after, sweep, indexed } = window;
  return { window: { column, after, key_sweep: sweep, indexed } };
}

/** How much there is to say of a table's catalogs; GET /validate says what. */
function catalogView(validation: StoredValidation | undefined) {
  const warnings = validation?.findings.filter((f) => f.severity === 'warning').length ?? 0;
  const drift = validation?.drift.length ?? 0;
  return { ...(warnings > 0 && { schema_warnings: warnings }), ...(drift > 0 && { schema_drift: drift }) };
}

async function makePlans(
  job: Job,
  source: PlanningSource,
  target: PlanningTarget,
  ports: PlanningPorts,
): Promise<void> {
  // both before the first look at a row, the clock first: what the snapshot does not see began after the horizon
  const clock = remembers(job.config) && !followsLog(job.config) ? await source.clock() : undefined;
  const snapshot = await source.snapshot();
  const found = await preflight(source, target, job.config);
  const form = await agreedForm(source, target, tablePlans(found, job.config, { fingerprint: 'fast', snapshot }));
  const plans = tablePlans(found, job.config, { fingerprint: form, snapshot });
  const cut = [];
  for (const w of await withWindows(job, plans, found, { source, target, clock }))
    cut.push({ ...w, segments: await ports.databases.planSegments(source, target, w.plan) });
  const validations = await validateTables(job, found, { source, target }, ports.clock);
  await ports.jobs.putValidations(validations); // before the plans: a run that finds those looks at no catalog again
  const { planned, changes } = await planBaselines(job, found, cut, target);
  const event = jobEvent('job.prepared', SERVICE, {
    fingerprint: form,
    ...(clock && { horizon: clock.horizon ?? null, ...(clock.unknown && { horizon_unknown: clock.unknown }) }),
    ...(planned.length > LISTED && { tables_in_all: planned.length }),
    tables: planned.slice(0, LISTED).map(({ plan, whole, segments }) => ({
      name: relationText(plan.target),
      key: plan.key,
      segments: segments.length,
      rows_estimate: plan.rowsEstimate,
      ...unknownTypes(plan),
      ...(plan.select && { from: relationText(plan.source) }),
      ...windowView({ plan, ...(whole && { whole }) }),
      ...catalogView(validations[plan.table]),
    })),
  });
  const passes = passesOf(job.config);
  await target.storePlans({ jobId: job.job_id, epoch: job.epoch, passes }, planned, event, changes);
  await fp('plan.written');
}

function mirrored(job: Job, plan: TablePlan, segments: number): JobTable {
  return {
    job_id: job.job_id,
    table: plan.table,
    name: relationText(plan.target),
    state: 'pending',
    level: plan.level,
    rows_estimate: plan.window && !plan.window.sweep ? plan.window.rowsEstimate : plan.rowsEstimate,
    segments,
    ...unknownTypes(plan),
    ...mappingView(plan),
    ...windowView({ plan }),
  };
}

/**
 * First step of a run: raises the epoch in the target (from now on no older run can commit), then plans the job unless an
 * earlier run has, and says what to do. Repeating it changes nothing.
 */
export async function prepareJob(input: JobInput, ports: PlanningPorts): Promise<JobPlan> {
  const job = await currentJob(input, ports.jobs);
  const preparing = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('prepare'), epoch: job.epoch },
    { state: stateAfter('prepare') },
  );
  if (!preparing) throw new SyncError('state_conflict', `A job that is ${job.state} cannot be prepared.`);
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const { epoch, takeovers, moved_by: moved, confirmed_deletes } = job;
    const told = { epoch, takeovers, ...(confirmed_deletes !== undefined && { confirmed_deletes }) };
    const { max_parallel_tables, max_parallel_operations } = job.config;
    const raised = raiseEverywhere(
      job,
      epoch,
      { target, writer: source.writer },
      { holding: true, ...(moved && { event: jobEvent(moved.event, moved.actor, told) }) },
    );
    const closed = await raised.then(
      () => false,
      (error: unknown) => {
        if (isClosed(error)) return true;
        throw error;
      },
    );
    if (closed) {
      await tellEnd(job, { target, writer: source.writer }, ports);
      return {
        ...input,
        max_parallel_tables,
        max_parallel_operations,
        follows: false,
        next: { levels: [], parts: [] },
      };
    }
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
    const next = partition(passOrder(plans, 'apply'), tablesToDo(plans, 'apply', progress));
    const follows = connectsToLog(job);
    return { ...input, max_parallel_tables, max_parallel_operations, follows, next };
  });
}
