import type { Side } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import type { Failure, Job } from '../model/job.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { Drift, ShapeColumn, ShapePair, TableShape } from '../model/table-shape.ts';
import { shapeDrift } from '../validator/drift.ts';
import { pairId } from './conflict-plan.ts';
import { followsLog } from './follows-log.ts';
import { type RunPorts, withBoth } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

/** Changes that one pause names: an item of the store holds 400 KB. */
const NAMED = 100;

/** What rows travel by. An index, a trigger or a check that changed stops no statement. */
const MATTERS: readonly Drift['kind'][] = ['column', 'primary_key', 'unique'];

const typeOf = (column: ShapeColumn | undefined) =>
  column && `${column.declared}${column.not_null ? ' not null' : ''}${column.generated ? ' generated' : ''}`;

/** Names and types alone: a default or a check may hold a value. */
function inWords({ change, kind, name }: Drift, before: TableShape, after: TableShape): string {
  const what = kind === 'column' ? 'column' : kind.replace('_', ' ');
  const [old, now] = [before, after].map((shape) => typeOf(shape.columns.find((c) => c.name === name)));
  if (kind !== 'column') return `The ${what} ${name} was ${change}.`;
  if (change === 'removed') return `The column ${name} (${old}) is not there any more.`;
  if (change === 'added') return `The column ${name} (${now}) is new.`;
  if (old !== now) return `The column ${name} was ${old}, and is ${now}.`;
  return `The default, the collation or the labels of the column ${name} have changed.`;
}

const problem = (side: Side, object: string, message: string): Problem => ({
  code: 'schema_changed',
  side,
  object,
  message,
});

const isGone = ({ columns }: TableShape) => columns.length === 0;

/** What has changed in one table. Pure. */
export function changesOf(table: string, before: ShapePair, after: ShapePair): readonly Problem[] {
  const gone = (['source', 'target'] as const).filter((side) => isGone(after[side]) && !isGone(before[side]));
  const drift = shapeDrift(before, after).filter((d) => MATTERS.includes(d.kind) && !gone.includes(d.side));
  return [
    ...gone.map((side) => problem(side, table, `The ${side} has no table ${table} any more.`)),
    ...drift.map((d) =>
      problem(d.side, d.kind === 'column' ? `${table}.${d.name}` : table, inWords(d, before[d.side], after[d.side])),
    ),
  ];
}

/** Columns that a mapping takes as they are, and that its source table has no more; what it computes is not taken apart. */
function mappedAway({ select, source }: TablePlan, now: TableShape): readonly Problem[] {
  const there = new Set(now.columns.map((c) => c.name));
  const missing = Object.values(select?.plain ?? {}).filter((name) => !there.has(name));
  const table = relationText(source);
  return [...new Set(missing)].map((name) =>
    problem('source', `${table}.${name}`, `The column ${name} is not there any more.`),
  );
}

/** What is not as it was when the job was prepared. Reads catalogs. */
async function changesSince(job: Job, ports: RunPorts): Promise<readonly Problem[]> {
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const plans = await target.loadPlans(job.job_id);
    const names = plans.map((p) => p.target);
    const seen = await target.lastShapes(pairId(job.source, job.target), names);
    const [from, to] = await Promise.all([source.shapes(names), target.shapes(names)]); // as Prepare has asked for them
    const made = await source.shapes(plans.map((p) => p.source));
    const none = { columns: [], parts: [] };
    return plans.flatMap((plan, i) => {
      const before = seen[i];
      const same = before?.jobId === job.job_id; // another job has looked meanwhile: it told the difference
      const after = { source: from[i] ?? none, target: to[i] ?? none };
      return [
        ...(same ? changesOf(relationText(plan.target), before.shape, after) : []),
        ...(plan.select?.version !== undefined ? mappedAway(plan, made[i] ?? none) : []),
      ];
    });
  });
}

const START_ANEW =
  'Undo the change and resume the job; or stop it and start an incremental one, which compares the tables that are named here whole and looks at the others by the log.';

/** The failure with what has changed in the tables of the job, where a changed table is why the job waits. */
export async function withChanges(job: Job, failure: Failure, ports: RunPorts): Promise<Failure> {
  if (failure.code !== 'schema_changed') return failure;
  // what keeps it from being told keeps no job from being paused
  const problems = await changesSince(job, ports).catch(() => []);
  const hint = followsLog(job.config) ? { hint: START_ANEW } : {};
  return { ...failure, ...hint, ...(problems.length > 0 && { problems: problems.slice(0, NAMED) }) };
}
