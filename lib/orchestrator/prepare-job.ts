import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { isKnownType } from '../data-types/registry.ts';
import { fp } from '../failpoint.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import { isContinuous } from '../model/following.ts';
import type { Job, JobTable } from '../model/job.ts';
import type { JobInput, JobPlan } from '../model/message.ts';
import type { StoredValidation } from '../model/schema-check.ts';
import {
  type FingerprintForm,
  type PlannedColumn,
  type Relation,
  relationText,
  type TablePlan,
} from '../model/table.ts';
import type { PlanningDatabase, PlanningSource, PlanningTarget, SourceClock } from '../ports.ts';
import { planBaselines } from './baseline.ts';
import { connectsToLog, followsLog } from './follows-log.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { withMaskKey } from './mask-key.ts';
import { partition } from './paging.ts';
import { passesOf, passOrder, tablePlans, tablesToDo } from './plan.ts';
import { type Preflight, preflight } from './preflight.ts';
import { countedPlans } from './project-counts.ts';
import { countsTouches, quietPlans } from './quiet.ts';
import { onlyPutAside } from './retry-plans.ts';
import { currentJob, type PlanningPorts, raiseEverywhere, withBoth } from './run-ports.ts';
import { isClosed, tellEnd } from './tell-end.ts';
import { validateTables } from './validate-table.ts';
import { weighRules } from './weigh-rules.ts';
import { remembers, windowedPlans } from './window.ts';

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
  if (select?.version === undefined) return {};
  return { mapping: { from: relationText(source), columns: columns.length, notes: select.notes } };
}

/** Plans with the windows that the job's strategy can tell, and what the event says of them. */
async function withWindows(
  job: Job,
  plans: readonly TablePlan[],
  found: Preflight,
  ends: {
    readonly source: PlanningDatabase;
    readonly target: PlanningTarget;
    readonly clock: SourceClock | undefined;
    readonly at: string;
  },
): Promise<readonly TablePlan[]> {
  const { source, target, clock, at } = ends;
  // a retry looks at some keys, and proves nothing of a table; what to look at of a log, the next step says
  if (job.retry || followsLog(job.config)) return plans;
  if (countsTouches(job.config)) return quietPlans(job, plans, { source, target, at });
  const whole = job.mode === 'incremental' && { whole: 'no_memory' as const };
  if (!clock) return plans.map((plan) => ({ ...plan, ...whole }));
  const relations = found.tables.map((t) => t.source);
  return windowedPlans(job, plans, relations, { source, target, clock });
}

function lookView({ window, whole, untouched }: TablePlan) {
  if (untouched) {
    const { comparedAt, runs, rows, kept } = untouched;
    return { untouched: { compared_at: comparedAt, runs, rows, kept } };
  }
  if (!window) return whole ? { whole } : {};
  const { column, after, sweep, indexed } = window;
  return { window: { column, after, key_sweep: sweep, indexed } };
}

const warningsIn = (validation: StoredValidation | undefined): number =>
  validation?.findings.filter((f) => f.severity === 'warning').length ?? 0;

/** How much there is to say of a table's catalogs; GET /validate says what. */
function catalogView(validation: StoredValidation | undefined) {
  const warnings = warningsIn(validation);
  const drift = validation?.drift.length ?? 0;
  return { ...(warnings > 0 && { schema_warnings: warnings }), ...(drift > 0 && { schema_drift: drift }) };
}

/** What a plan was made of: plans are in the order of the tables found. */
function relationAt(found: Preflight, i: number): Relation {
  const table = found.tables[i];
  if (!table) throw new TypeError('a plan was made of no table');
  return table.source;
}

/** What the event says of rules: how many rows, and no keys. */
const ruledView = ({ rules }: TablePlan) =>
  rules
    ? {
        rules: rules.map(({ name, rule, severity, rows }) => ({
          name,
          rule,
          severity,
          ...(rows !== undefined && { rows }),
        })),
      }
    : {};

/** What the rules of a table came to, for people. */
const rulesView = ({ rules }: TablePlan): Pick<JobTable, 'rules'> => (rules ? { rules } : {});

async function makePlans(
  job: Job,
  source: PlanningSource,
  target: PlanningTarget,
  ports: PlanningPorts,
): Promise<readonly StoredValidation[]> {
  // both before the first look at a row, the clock first: what the snapshot does not see began after the horizon
  // a retry has no window, and neither has who follows the log
  const clock = remembers(job.config) && !job.retry && !followsLog(job.config) ? await source.clock() : undefined;
  const snapshot = await source.snapshot();
  const found = await preflight(source, target, job.config, ports.clock());
  const form = await agreedForm(source, target, tablePlans(found, job.config, { fingerprint: 'fast', snapshot }));
  const made = withMaskKey(tablePlans(found, job.config, { fingerprint: form, snapshot }), job.mask_key);
  const all = await countedPlans(made, { source, target });
  const plans = await onlyPutAside(job, all, target);
  const at = ports.clock().toISOString();
  const seen = await withWindows(job, plans, found, { source, target, clock, at });
  const weighed = await weighRules(
    seen.map((plan, i) => ({ plan, source: relationAt(found, i) })),
    { source, target, rules: ports.databases.rules, targets: found.targets },
    job.config,
  );
  const cut = [];
  for (const plan of weighed.filter((p) => !p.untouched))
    cut.push({ plan, segments: await ports.databases.planSegments(source, target, plan) });
  const validations = await validateTables(job, found, { source, target }, ports.clock);
  await ports.jobs.putValidations(validations); // before the plans: a run that finds those looks at no catalog again
  const filed = await planBaselines(job, found, cut, target); // of a table that nobody looks at nothing is filed
  const passedOver = weighed.flatMap((plan) => (plan.untouched ? [{ plan, segments: [] }] : []));
  const planned = [...filed.planned, ...passedOver].sort((a, b) => a.plan.table - b.plan.table);
  const event = jobEvent('job.prepared', SERVICE, {
    fingerprint: form,
    ...(job.retry && { retry_of: job.retry.of }),
    ...(clock && { horizon: clock.horizon ?? null, ...(clock.unknown && { horizon_unknown: clock.unknown }) }),
    ...(planned.length > LISTED && { tables_in_all: planned.length }),
    tables: planned.slice(0, LISTED).map(({ plan, segments }) => ({
      name: relationText(plan.target),
      key: plan.key,
      segments: segments.length,
      rows_estimate: plan.rowsEstimate,
      ...unknownTypes(plan),
      ...(plan.select?.version !== undefined && { from: relationText(plan.source) }),
      ...lookView(plan),
      ...ruledView(plan),
      ...catalogView(validations[plan.table]),
    })),
  });
  const passes = passesOf(job.config);
  await target.storePlans({ jobId: job.job_id, epoch: job.epoch, passes }, planned, event, filed.changes);
  await fp('plan.written');
  return validations;
}

/** An estimate of the rows that the job is to look at. */
function rowsToCompare({ window, untouched, rowsEstimate }: TablePlan): number {
  if (untouched) return 0;
  return window && !window.sweep ? window.rowsEstimate : rowsEstimate;
}

/** A job that follows the log and goes on after a stop has compared its tables before; those that failed begin anew. */
function stateOf({ following }: Job, before: JobTable | undefined): JobTable['state'] {
  const compared = before?.state === 'verified' || before?.state === 'unverified';
  return following && compared ? before.state : 'pending';
}

function mirrored(
  job: Job,
  plan: TablePlan,
  segments: number,
  { before, validation }: { readonly before: JobTable | undefined; readonly validation: StoredValidation | undefined },
): JobTable {
  const warnings = validation ? warningsIn(validation) : (before?.schema_warnings ?? 0);
  return {
    job_id: job.job_id,
    table: plan.table,
    name: relationText(plan.target),
    state: plan.untouched ? 'untouched' : stateOf(job, before),
    level: plan.level,
    rows_estimate: rowsToCompare(plan),
    segments,
    ...unknownTypes(plan),
    ...mappingView(plan),
    ...rulesView(plan),
    ...lookView(plan),
    ...(warnings > 0 && { schema_warnings: warnings }),
    ...(before?.settled && { settled: before.settled }),
  };
}

/** Whether the job runs, and goes on with its next round: it stays `running`, and its tables stay as they were told. */
const goesOn = ({ state, config, following }: Job): boolean =>
  state === 'running' && isContinuous(config) && following !== undefined;

/**
 * First step of a run: raises the epoch in the target (from now on no older run can commit), then plans the job unless an
 * earlier run has, and says what to do. Repeating it changes nothing.
 */
export async function prepareJob(input: JobInput, ports: PlanningPorts): Promise<JobPlan> {
  const job = await currentJob(input, ports.jobs);
  const nextRound = goesOn(job);
  const preparing =
    nextRound ||
    (await ports.jobs.transition(
      job.job_id,
      { from: statesAllowing('prepare'), epoch: job.epoch },
      { state: stateAfter('prepare') },
    ));
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
    const validations = (await target.isPrepared(job.job_id)) ? [] : await makePlans(job, source, target, ports);
    const plans = await target.loadPlans(job.job_id);
    const progress = await target.loadProgress(job.job_id);
    const segments = (table: number) => progress.filter((p) => p.table === table && p.pass === 'apply').length;
    const known = new Map((await ports.jobs.tables(job.job_id)).map((t) => [t.table, t]));
    if (!nextRound)
      await ports.jobs.putTables(
        plans.map((p) =>
          mirrored(job, p, segments(p.table), { before: known.get(p.table), validation: validations[p.table] }),
        ),
      );
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
