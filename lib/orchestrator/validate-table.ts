import type { Side } from '../model/connection.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { FINDINGS, type SchemaFinding, type StoredValidation, type TableValidation } from '../model/schema-check.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { Drift, EarlierShape, ShapePair } from '../model/table-shape.ts';
import type { CatalogDatabase, Clock, CommandTarget, PlanningTarget } from '../ports.ts';
import { shapeDrift } from '../validator/drift.ts';
import { schemaFindings } from '../validator/findings.ts';
import { schemaProblems } from '../validator/schema.ts';
import { scopeProblems } from '../validator/scope.ts';
import { pairId } from './conflict-plan.ts';
import type { Preflight } from './preflight.ts';
import { type CommandPorts, withBoth } from './run-ports.ts';
import { tableOf } from './stored-validation.ts';

/** Findings and changes that one answer lists: an item of the store holds 400 KB. */
const LISTED = 400;

/** A look at two catalogs answers within the gateway's 30 s. */
const STATEMENT_TIMEOUT_MS = 8_000;

interface Told {
  readonly findings: readonly SchemaFinding[];
  readonly drift: readonly Drift[];
  readonly earlier: EarlierShape | undefined;
}

function answer(job: Pick<Job, 'job_id'>, table: string, at: Date, { findings, drift, earlier }: Told) {
  const beyond = Math.max(0, findings.length - LISTED) + Math.max(0, drift.length - LISTED);
  return {
    job_id: job.job_id,
    table,
    checked_at: at.toISOString(),
    valid: findings.every((f) => f.severity !== 'error'),
    findings: findings.slice(0, LISTED),
    ...(earlier && { compared_with: earlier.jobId }),
    drift: drift.slice(0, LISTED),
    ...(beyond > 0 && { more: beyond }),
  };
}

/** Both sides of tables as they are declared now, in the order given. */
export async function shapesOf(
  tables: readonly { readonly source: Relation; readonly target: Relation }[],
  source: CatalogDatabase,
  target: CatalogDatabase,
): Promise<readonly ShapePair[]> {
  const [from, to] = await Promise.all([
    source.shapes(tables.map((t) => t.source)),
    target.shapes(tables.map((t) => t.target)),
  ]);
  const none = { columns: [], parts: [] };
  return tables.map((_, i) => ({ source: from[i] ?? none, target: to[i] ?? none }));
}

/**
 * What Prepare tells of the catalogs of all tables, and what has changed in them since the pair's job before. The tables were
 * found fit, so nothing of it is an error. Repeating it under the same job tells the same drift.
 */
export async function validateTables(
  job: Job,
  found: Preflight,
  { source, target }: { readonly source: CatalogDatabase; readonly target: PlanningTarget },
  clock: Clock,
): Promise<readonly StoredValidation[]> {
  const shapes = await shapesOf(found.tables, source, target);
  const kept = found.tables.map((t, i) => ({ table: t.target, shape: shapes[i] as ShapePair })); // one a table
  const seen = { pair: pairId(found.source, found.target), jobId: job.job_id };
  const earlier = await target.keepShapes(seen, kept);
  return kept.map(({ table, shape }, i) => {
    const { source: s, target: t } = found.tables[i] as Preflight['tables'][number]; // kept has one for each
    const findings = schemaFindings({ source: s, target: t, shapes: shape, config: job.config }, []);
    const before = earlier[i];
    const drift = before ? shapeDrift(before.shape, shape) : [];
    return { ...answer(job, relationText(table), clock(), { findings, drift, earlier: before }), table_no: i };
  });
}

const named = (all: readonly Relation[], name: string) => all.find((r) => relationText(r) === name);

const isGone = (side: Side, table: string): SchemaFinding => ({
  code: 'table_refused',
  severity: FINDINGS.table_refused[0],
  side,
  object: table,
  message: `The ${side} has no table ${table} any more.`,
  remedy: 'Create it again, or leave it out with tables.exclude.',
});

/** Both catalogs of one table as they are now. */
async function look(job: Job, table: string, source: CatalogDatabase, target: CommandTarget): Promise<Told> {
  const [s, t, from, to] = await Promise.all([
    source.facts(),
    target.facts(),
    source.introspect(),
    target.introspect(),
  ]);
  const [a, b] = [named(from, table), named(to, table)];
  if (!a || !b) {
    const gone = [...(a ? [] : [isGone('source', table)]), ...(b ? [] : [isGone('target', table)])];
    return { findings: gone, drift: [], earlier: undefined };
  }
  const problems = [
    ...scopeProblems(a, job.config),
    ...schemaProblems([a], [b], { source: s.role, target: t.role }, job.config),
  ];
  const [shapes] = (await shapesOf([{ source: a, target: b }], source, target)) as [ShapePair]; // one was asked for
  const [earlier] = await target.lastShapes(pairId(s, t), [b]);
  const findings = schemaFindings({ source: a, target: b, shapes, config: job.config }, problems);
  return { findings, drift: earlier ? shapeDrift(earlier.shape, shapes) : [], earlier };
}

const expired = () =>
  new SyncError('resume_expired', 'The connections of this job are not kept any more; GET tells what it has found.');

/**
 * Looks at a table of both sides now: what would refuse it, what may meet its rows, and what has changed since the pair's
 * last job looked. Reads catalogs only, and writes nothing.
 *
 * Throws `job_not_found`, `table_unknown`, `resume_expired` when the connections of the job are not kept any more, and what
 * connecting throws.
 */
export async function validateTable(jobId: string, name: string, ports: CommandPorts): Promise<TableValidation> {
  const { job, table } = await tableOf(jobId, name, ports);
  if (job.secret_removed) throw expired();
  const work = (source: CatalogDatabase, target: CommandTarget) => look(job, table.name, source, target);
  const told = await withBoth(job, ports, STATEMENT_TIMEOUT_MS, work).catch((error: unknown) => {
    throw error instanceof SyncError && error.code === 'secret_missing' ? expired() : error;
  });
  return { ...answer(job, table.name, ports.clock(), told), fresh: true };
}
