import type { Progress } from '../model/checkpoint.ts';
import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import type { Part } from '../model/message.ts';
import type { TablePlan } from '../model/table.ts';
import { addUsage, USAGE_FIGURES, type Usage } from '../model/usage.ts';
import { connectsToLog } from './follows-log.ts';
import { partition, partitionSegments } from './paging.ts';
import { passesOf, passOrder } from './plan.ts';
import {
  afterLook,
  afterPlanPass,
  afterPlanTable,
  afterPrepare,
  afterSettleJob,
  afterSettleTable,
} from './transitions.ts';

/** Segments that a pass has something to do in, by table. */
type Todo = ReadonlyMap<number, readonly number[]>;

/** Calls of steps, and what the machines do because of them. */
type Work = Pick<Usage, 'invocations' | 'state_transitions' | 'queue_requests'>;

const NONE: Work = { invocations: 0, state_transitions: 0, queue_requests: 0 };
const total = (all: readonly Partial<Work>[]): Work =>
  all.reduce<Work>(
    (sum, w) => ({
      invocations: sum.invocations + (w.invocations ?? 0),
      state_transitions: sum.state_transitions + (w.state_transitions ?? 0),
      queue_requests: sum.queue_requests + (w.queue_requests ?? 0),
    }),
    NONE,
  );
const call = (entered: Partial<Work>): Partial<Work> => ({ invocations: 1, ...entered });

function ofTable(segments: readonly number[], part?: Part): Work {
  const plan = partitionSegments(segments, part);
  return total([call(afterPlanTable(plan, { part })), ...plan.parts.map((p) => ofTable(segments, p))]);
}

const SETTLED = call(afterSettleTable({}, {}));

/** What a pass is behind the step that has planned it. */
function ofPass(
  levels: readonly (readonly number[])[],
  todo: Todo,
  part?: Part,
): { readonly work: Work; readonly plan: ReturnType<typeof partition> } {
  const plan = partition(levels, new Set(todo.keys()), part);
  const parts = plan.parts.map((p) => {
    const below = ofPass(levels, todo, p);
    return total([call(afterPlanPass(below.plan)), below.work]);
  });
  const tables = plan.levels.flat().map((t) => total([ofTable(todo.get(t) ?? []), SETTLED]));
  return { plan, work: total([...parts, ...tables]) };
}

const byTable = (progress: readonly Progress[]): Todo =>
  new Map([...Map.groupBy(progress, (p) => p.table)].map(([table, own]) => [table, own.map((p) => p.segment)]));

const changed = ({ counts }: Progress) => (counts.inserted ?? 0) + (counts.updated ?? 0) + (counts.deleted ?? 0);

/** What each pass has to do, once apply has found what it found: as segmentsToDo of plan.ts finds it in a run that writes. */
function todoOf(plans: readonly TablePlan[], applied: readonly Progress[], config: JobConfig) {
  const anything = applied.some((p) => changed(p) > 0);
  const all = new Set(plans.filter((p) => p.verifyAll || (p.sideEffects && anything)).map((p) => p.table));
  const passes = passesOf(config);
  const of = (pass: (typeof passes)[number], open: (p: Progress) => boolean) =>
    byTable(passes.includes(pass) ? applied.filter(open) : []);
  return {
    apply: byTable(applied),
    delete: of('delete', (p) => p.hasExtra),
    revisit: of('revisit', (p) => (p.counts.quarantined ?? 0) > 0 || p.unexplained > 0),
    verify: of('verify', (p) => all.has(p.table) || p.hasExtra || changed(p) > 0),
  } as const;
}

/** What a run is to the machines, without what is tried again and what takes more than one invocation. */
function ofRun(
  plans: readonly TablePlan[],
  todo: Record<'apply' | 'delete' | 'revisit' | 'verify', Todo>,
  follows: boolean,
): Work {
  const { plan: next, work } = ofPass(passOrder(plans, 'apply'), todo.apply);
  const job = { job_id: '', epoch: 1, max_parallel_tables: 1, max_parallel_operations: 1, follows, next };
  const later = (['delete', 'revisit', 'verify'] as const).flatMap((pass) => {
    const run = ofPass(passOrder(plans, pass), todo[pass]);
    return [call(afterPlanPass(run.plan)), run.work];
  });
  const looks = follows ? [call(afterLook({ ...job, step: 'work' }))] : [];
  const steps = total([call(afterPrepare(job)), ...looks, work, ...later, call(afterSettleJob({}))]);
  return { ...steps, invocations: steps.invocations + steps.queue_requests }; // a message is an invocation of a worker
}

/** A worker writes about so many rows a second that differ (test/bench/results.md, diff and first-load, at 256 MB). */
const ROWS_PER_SECOND = 20_000;
const WORKER_MB = 256;

export interface DryRun {
  readonly job: Pick<Job, 'mode' | 'config' | 'retry'>;
  readonly plans: readonly TablePlan[];
  readonly progress: readonly Progress[];
  /** What it has used itself. */
  readonly used: Usage;
}

/**
 * What a run of the same config over the same rows would use that writes. Invocations and states are counted over the machines,
 * from the segments that the dry run found differences in; units, requests and bytes are those of the dry run, in proportion to
 * invocations; rows that are written add their bytes and time. A segment that goes by COPY takes less than is said here. Pure.
 */
export function forecast({ job, plans, progress, used }: DryRun): Usage {
  const applied = progress.filter((p) => p.pass === 'apply');
  const run = (config: JobConfig) => ofRun(plans, todoOf(plans, applied, config), connectsToLog({ ...job, config }));
  const dry = run(job.config);
  const real = run({ ...job.config, dry_run: false });
  const counted = used.invocations + 1; // the step that asks is under way
  const share = real.invocations / dry.invocations;
  const rows = applied.reduce((n, p) => n + changed(p), 0);
  const size = new Map(plans.map((p) => [p.table, p.rowBytesEstimate]));
  const bytes = applied.reduce((n, p) => n + changed(p) * (size.get(p.table) ?? 0), 0);
  const scaled = Object.fromEntries(USAGE_FIGURES.map((figure) => [figure, Math.round(used[figure] * share)])) as Usage; // every figure has one
  const written = { target_bytes_sent: bytes, lambda_mb_ms: Math.round((rows * 1000 * WORKER_MB) / ROWS_PER_SECOND) };
  return {
    ...addUsage(scaled, written),
    invocations: real.invocations + Math.max(0, counted - dry.invocations),
    state_transitions: real.state_transitions,
  };
}
