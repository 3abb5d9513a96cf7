import { createHash } from 'node:crypto';
import { jobEvent } from '../audit/job-event.ts';
import { classify } from '../conflict-resolver/classify.ts';
import { ruleOn } from '../conflict-resolver/decide.ts';
import { conflictStrategyNames } from '../conflict-resolver/registry.ts';
import type { Change, RowImage } from '../model/change.ts';
import type { Conflict, ConflictDecision, ConflictImages, DecisionOutcome, DecisionRecord } from '../model/conflict.ts';
import type { PlannedConflicts } from '../model/conflict-plan.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { LARGEST_ROW_BYTES } from '../model/limits.ts';
import type { FieldChoice } from '../model/merge.ts';
import type { BasePrints, RowPrint } from '../model/print.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { Database, Resolution, TargetDatabase } from '../ports.ts';
import { drainConflicts, drainOutbox } from './drain-outbox.ts';
import { type RunPorts, withBoth } from './run-ports.ts';
import { ANYWHERE } from './settle-conflicts.ts';

/** What deciding a conflict needs of the outside. */
export type ResolvePorts = Pick<
  RunPorts,
  'jobs' | 'secrets' | 'databases' | 'log' | 'clock' | 'patience' | 'audit' | 'conflicts'
>;

/** A decision of one conflict. `expected`: what both sides were when it was made (`Conflict.prints`, or later images). */
export interface DecisionRequest {
  readonly conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>;
  readonly decision: ConflictDecision;
  readonly expected: { readonly source: string | null; readonly target: string | null };
  readonly actor: string;
  readonly note?: string;
}

const STATEMENT_TIMEOUT_MS = 15_000;

type ThreeWayPlan = TablePlan & { readonly conflicts: PlannedConflicts };

/** All that is known of a conflict now. */
interface Sight {
  readonly job: Job;
  readonly conflict: Conflict;
  readonly plan: ThreeWayPlan;
  readonly source?: RowImage;
  readonly target?: RowImage;
  readonly base: BasePrints | undefined;
}

type Ends = { readonly source: Database; readonly target: TargetDatabase };

const notFound = () => new SyncError('conflict_not_found', 'There is no such conflict in the target.');

/** The job whose connections lead to the conflict. Throws `conflict_not_found`, `resume_expired`. */
async function jobOf({ seen_by }: Pick<Conflict, 'seen_by'>, ports: ResolvePorts): Promise<Job> {
  const job = await ports.jobs.get(seen_by);
  if (!job) throw notFound();
  const gone = job.ended_at !== undefined && job.state.startsWith('completed') && !job.open_conflicts;
  if (job.secret_removed || gone)
    throw new SyncError(
      'resume_expired',
      'The connections of the job that saw the conflict last are not kept any more.',
    );
  return job;
}

const only = <T>(rows: readonly T[]): T | undefined => rows[0];

/** Reads the conflict, its plan, both rows and the base. */
async function look(job: Job, { source, target }: Ends, conflictId: string): Promise<Sight> {
  const conflict = await target.conflict(conflictId);
  if (!conflict) throw notFound();
  const plans = await target.loadPlans(conflict.seen_by);
  const plan = plans.find((p) => relationText(p.target) === conflict.table);
  if (!plan?.conflicts) throw notFound();
  const { key } = conflict;
  const [s, t] = await Promise.all([
    source.reader(plan, ANYWHERE).rows([key], LARGEST_ROW_BYTES),
    target.reader(plan, ANYWHERE).rows([key], LARGEST_ROW_BYTES),
  ]);
  if (s.tooLarge.length + t.tooLarge.length > 0)
    throw new SyncError('row_rejected', 'The row is larger than any that is written one by one.');
  if (s.failed.length > 0)
    throw new SyncError('row_rejected', 'A value of the source row cannot be computed as the mapping says.');
  const [base] = await target.bases(plan, [key]);
  const [own, other] = [only(s.rows), only(t.rows)];
  return {
    job,
    conflict,
    plan: { ...plan, conflicts: plan.conflicts },
    ...(own && { source: own }),
    ...(other && { target: other }),
    base,
  };
}

const printOf = (row: RowImage | undefined): RowPrint | null =>
  row ? { row: row.fingerprint, fields: row.fields ?? [] } : null;

/** Columns in which the two rows differ. */
function changed({ plan, source, target }: Sight): readonly string[] {
  if (!source || !target) return [];
  return plan.columns.flatMap((c, i) => (source.fields?.[i] === target.fields?.[i] ? [] : [c.name]));
}

function imagesOf(sight: Sight): ConflictImages {
  const { plan, conflict, source, target, base } = sight;
  const image = base?.image;
  const whole = image && plan.columns.every((c) => c.name in image);
  const shown = (row: RowImage) => ({ fingerprint: row.fingerprint, values: row.values });
  return {
    table: plan.target,
    key: conflict.key,
    columns: plan.columns.map((c) => ({ name: c.name, type: c.type.name })),
    ...(source && { source: shown(source) }),
    ...(target && { target: shown(target) }),
    ...(whole && { base: { values: plan.columns.map((c) => image[c.name] ?? null) } }),
    changed: changed(sight),
  };
}

const invalid = (message: string) => new SyncError('decision_invalid', message);

/** What a decision comes to: a side, or a row with a choice or a value for each column that differs. */
type Meant =
  | { readonly side: 'source' | 'target'; readonly rule: string }
  | {
      readonly rule: string;
      readonly fields: ReadonlyMap<number, FieldChoice>;
      readonly values: ReadonlyMap<number, string | null>;
    };

function byFields(sight: Sight, fields: Extract<ConflictDecision, { fields: unknown }>['fields']): Meant {
  const { plan } = sight;
  if (!sight.source || !sight.target) throw invalid('One side has no row: decide for a side.');
  const left = changed(sight).filter((name) => !Object.hasOwn(fields, name));
  if (left.length > 0) throw invalid(`Columns that differ and are not decided: ${left.join(', ')}.`);
  const choices = new Map<number, FieldChoice>();
  const values = new Map<number, string | null>();
  for (const [name, how] of Object.entries(fields)) {
    const i = plan.columns.findIndex((c) => c.name === name);
    if (i < 0) throw invalid(`The table has no mapped column ${name}.`);
    if (plan.key.includes(name) || plan.columns[i]?.generated) throw invalid(`The column ${name} cannot be set.`);
    choices.set(i, 'side' in how ? how.side : 'source');
    if ('value' in how) values.set(i, how.value);
  }
  return { rule: 'manual', fields: choices, values };
}

function byStrategy({ plan, conflict, source, target, base }: Sight, name: string, nowMs: number): Meant {
  if (!conflictStrategyNames.includes(name))
    throw invalid(`There is no strategy ${name}; there are ${conflictStrategyNames.join(', ')}.`);
  const verdict = classify(base, printOf(source), printOf(target));
  const split = verdict.kind === 'conflict' ? verdict.split : { contested: [], fromSource: [], fromTarget: [] };
  const contest = {
    columns: plan.columns.map((c) => c.name),
    rules: plan.conflicts,
    clocks: { source: source?.clock, target: target?.clock },
    nowMs,
    images: Object.keys(base?.image ?? {}),
  };
  const type = verdict.kind === 'conflict' ? verdict.type : (conflict.type as 'update_differing'); // or one that the target raised
  const ruling = ruleOn({ kind: 'conflict', type, split }, contest, name);
  if (ruling.kind === 'people') throw invalid(`${name} leaves this conflict to people (${ruling.rule}).`);
  if (ruling.kind === 'merge') return { rule: ruling.rule, fields: ruling.fields, values: new Map() };
  return { side: ruling.kind === 'target' ? 'target' : 'source', rule: ruling.rule };
}

function meantBy(sight: Sight, decision: ConflictDecision, nowMs: number): Meant {
  if ('side' in decision) return { side: decision.side, rule: 'manual' };
  if ('strategy' in decision) return byStrategy(sight, decision.strategy, nowMs);
  return byFields(sight, decision.fields);
}

/** What is to be written for it: nothing where the target stands; and what the target has then. */
async function writing(sight: Sight, meant: Meant, target: TargetDatabase) {
  const { source: s, target: t, plan, conflict, base } = sight;
  const { key } = conflict;
  const kept = { after: printOf(t), winner: 'target' as const };
  const written = (row: RowImage, winner: 'source' | 'merged') => {
    const change: Change = t ? { kind: 'update', row, expected: t.fingerprint, merged: true } : { kind: 'insert', row };
    return { change: t?.fingerprint === row.fingerprint ? undefined : change, after: printOf(row), winner };
  };
  if ('side' in meant) {
    if (meant.side === 'target') return kept;
    if (s) return written(s, 'source');
    const gone: Change | undefined = t && { kind: 'delete', key, expected: t.fingerprint };
    return { change: gone, after: null, winner: 'source' as const };
  }
  if (!s || !t || s.streamed || t.streamed) throw invalid('The row is too large to be merged: decide for a side.');
  const source = s.values.map((v, i) => (meant.values.has(i) ? (meant.values.get(i) ?? null) : v));
  const image = base?.image;
  const [merged] = await target.merge(plan, [
    { key, source, target: t.values, fields: meant.fields, ...(image && { image }) },
  ]);
  if (!merged || 'refused' in merged)
    throw invalid(`The values do not fit their columns (SQLSTATE ${merged?.refused}).`);
  return written({ ...merged.row, key }, 'merged');
}

/** The values that are kept with the base: the source's. */
function imageFor({ plan, source }: Sight) {
  const { images } = plan.conflicts;
  if (images.length === 0 || !source || source.streamed) return {};
  return { image: plan.columns.flatMap((c, i) => (images.includes(c.name) ? [source.values[i] ?? null] : [])) };
}

async function resolutionOf(sight: Sight, request: DecisionRequest, target: TargetDatabase, nowMs: number) {
  const meant = meantBy(sight, request.decision, nowMs);
  const { change, after, winner } = { change: undefined, ...(await writing(sight, meant, target)) };
  const { plan, conflict, source, target: before, base, job } = sight;
  const fields =
    'fields' in meant &&
    Object.fromEntries(
      [...meant.fields].map(([i, how]) => [plan.columns[i]?.name ?? '', meant.values.has(i) ? 'value' : how]),
    );
  const record: Omit<DecisionRecord, 'at'> = {
    rule: meant.rule,
    actor: request.actor,
    job_id: job.job_id,
    ...(request.note !== undefined && { note: request.note }),
    winner,
    ...(fields && { fields }),
    inputs: {
      source: source?.fingerprint ?? null,
      target: before?.fingerprint ?? null,
      ...(base && { base: { source: base.source?.row ?? null, target: base.target?.row ?? null } }),
    },
    before: before?.fingerprint ?? null,
    after: after?.row ?? null,
    asked: digestOf(request.decision),
  };
  const event = jobEvent('conflict.resolved', request.actor, {
    conflict_id: conflict.conflict_id,
    table: conflict.table,
    type: conflict.type,
    ...record,
  });
  const resolution: Resolution = {
    conflict_id: conflict.conflict_id,
    plan,
    suppressTriggers: job.config.triggers === 'suppress',
    ...(change && { change }),
    // on neither side there is nothing to compare with later
    ...((source || after) && {
      base: { key: conflict.key, base: { source: printOf(source), target: after }, ...imageFor(sight) },
    }),
    record,
    event,
  };
  return resolution;
}

/** The same for the same decision, in whatever order its columns were named. */
function digestOf(decision: ConflictDecision): string {
  const parts = 'fields' in decision ? Object.entries(decision.fields).sort(([a], [b]) => (a < b ? -1 : 1)) : decision;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The answer for a conflict that is not open any more. */
function decidedBefore(conflict: Conflict, decision: ConflictDecision): DecisionOutcome {
  const same = conflict.state === 'resolved' && conflict.decision?.asked === digestOf(decision);
  return { outcome: same ? 'applied' : 'already_resolved', conflict };
}

async function decide(job: Job, request: DecisionRequest, ends: Ends, nowMs: number): Promise<DecisionOutcome> {
  const id = request.conflict.conflict_id;
  const sight = await look(job, ends, id);
  if (sight.conflict.state !== 'open') return decidedBefore(sight.conflict, request.decision);
  const stale = async (): Promise<DecisionOutcome> => {
    const now = await look(job, ends, id);
    return { outcome: 'stale', conflict: now.conflict, images: imagesOf(now) };
  };
  const { source, target } = sight;
  const { expected } = request;
  if ((source?.fingerprint ?? null) !== expected.source || (target?.fingerprint ?? null) !== expected.target)
    return stale();
  try {
    const resolution = await resolutionOf(sight, request, ends.target, nowMs);
    const { won, conflict } = await ends.target.resolve(resolution, ends.source);
    return won ? { outcome: 'applied', conflict } : decidedBefore(conflict, request.decision);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'target_moving') return stale();
    throw error;
  }
}

/**
 * Applies a decision by compare-and-set, in one transaction of the target: locks the conflict there, requires both sides to be
 * as `expected`, writes the row that was decided (it passes the target's own constraints), moves the baseline to it and closes
 * the conflict with its record. So a conflict is decided once, whoever asks and how often; the same decision again answers
 * the same. The source is read just before; what changes there later is a change since this decision.
 *
 * Connects with the connections of the job `seen_by`. Throws `target_busy` while a job holds the table, `row_rejected` when the
 * target refuses the row (the conflict stays open), `decision_invalid`, `conflict_not_found`, `resume_expired`, and what
 * connecting throws.
 */
export async function applyDecision(request: DecisionRequest, ports: ResolvePorts): Promise<DecisionOutcome> {
  const job = await jobOf(request.conflict, ports);
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const outcome = await decide(job, request, { source, target }, ports.clock().getTime());
    // a mirror: what it does not learn now it learns from the next job or decision
    await drainConflicts(target, ports.conflicts, job.job_id)
      .then(() => drainOutbox(target, ports.audit, job))
      .catch(() => ports.log.warn('decision not mirrored', { job_id: job.job_id }));
    return outcome;
  });
}

/**
 * Reads a conflict's row on both sides, now, and the image of the last decision where it is kept. Writes nothing. Throws
 * `conflict_not_found`, `resume_expired`, and what connecting throws.
 */
export async function conflictImages(
  conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>,
  ports: ResolvePorts,
): Promise<ConflictImages> {
  const job = await jobOf(conflict, ports);
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) =>
    imagesOf(await look(job, { source, target }, conflict.conflict_id)),
  );
}
