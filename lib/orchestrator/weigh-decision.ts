import { createHash } from 'node:crypto';
import { jobEvent } from '../audit/job-event.ts';
import { classify } from '../conflict-resolver/classify.ts';
import { ruleOn } from '../conflict-resolver/decide.ts';
import { conflictStrategyNames } from '../conflict-resolver/registry.ts';
import type { Change, RowImage } from '../model/change.ts';
import type { Conflict, ConflictDecision, DecisionOutcome, DecisionRecord } from '../model/conflict.ts';
import { type Problem, SyncError } from '../model/errors.ts';
import type { FieldChoice, MergedRow, MergeRow } from '../model/merge.ts';
import type { Resolution } from '../ports.ts';
import { changedIn, printOfRow, type Sight } from './conflict-sight.ts';

/** A decision of one conflict. */
export interface DecisionRequest {
  readonly conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>;
  readonly decision: ConflictDecision;
  /** What both sides were when it was made (`Conflict.prints`, or later images). Absent: whatever they are now. */
  readonly expected?: { readonly source: string | null; readonly target: string | null };
  readonly actor: string;
  readonly note?: string;
}

const invalid = (message: string) => new SyncError('decision_invalid', message);

/** What a decision comes to: a side, or a row with a choice or a value for each column that differs. */
export type Meant =
  | { readonly side: 'source' | 'target'; readonly rule: string }
  | {
      readonly rule: string;
      readonly fields: ReadonlyMap<number, FieldChoice>;
      readonly values: ReadonlyMap<number, string | null>;
    };

function byFields(sight: Sight, fields: Extract<ConflictDecision, { fields: unknown }>['fields']): Meant {
  const { plan } = sight;
  if (!sight.source || !sight.target) throw invalid('One side has no row: decide for a side.');
  const left = changedIn(sight).filter((name) => !Object.hasOwn(fields, name));
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

const noTimes = (strategy: string, table: string) =>
  `The job read no update column of ${table}, so ${strategy} cannot tell which row is newer. Decide for a side, or name the column in conflict_rules.${table}.newer_column and run another job.`;

function byStrategy({ plan, conflict, source, target, base }: Sight, name: string, nowMs: number): Meant {
  if (!conflictStrategyNames.includes(name))
    throw invalid(`There is no strategy ${name}; there are ${conflictStrategyNames.join(', ')}.`);
  const verdict = classify(base, printOfRow(source), printOfRow(target));
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
  if (ruling.rule === 'newer_wins/no_column') throw invalid(noTimes(name, conflict.table));
  if (ruling.kind === 'people') throw invalid(`${name} leaves this conflict to people (${ruling.rule}).`);
  if (ruling.kind === 'merge') return { rule: ruling.rule, fields: ruling.fields, values: new Map() };
  return { side: ruling.kind === 'target' ? 'target' : 'source', rule: ruling.rule };
}

/** Throws `decision_invalid`. Pure. */
export function meantBy(sight: Sight, decision: ConflictDecision, nowMs: number): Meant {
  if ('side' in decision) return { side: decision.side, rule: 'manual' };
  if ('strategy' in decision) return byStrategy(sight, decision.strategy, nowMs);
  return byFields(sight, decision.fields);
}

/** The row that is to be made of both, where one is; the target makes it. Throws `decision_invalid`. Pure. */
export function mergeFor(sight: Sight, meant: Meant): MergeRow | undefined {
  if ('side' in meant) return undefined;
  const { source: s, target: t, conflict, base } = sight;
  if (!s || !t || s.streamed || t.streamed) throw invalid('The row is too large to be merged: decide for a side.');
  const source = s.values.map((v, i) => (meant.values.has(i) ? (meant.values.get(i) ?? null) : v));
  const image = base?.image;
  return { key: conflict.key, source, target: t.values, fields: meant.fields, ...(image && { image }) };
}

/** The target cannot make a row of it: with the columns whose given values are at fault, where it is they. */
function unfit({ columns }: Sight['plan'], merged: Extract<MergedRow, { refused: string }> | undefined): SyncError {
  const why = `(SQLSTATE ${merged?.refused})`;
  const problems = (merged?.misfits ?? []).map((name): Problem => {
    const type = columns.find((c) => c.name === name)?.type;
    const behind = type && type.name !== type.base.name ? `, which is ${type.base.name}` : '';
    return {
      code: 'decision_invalid',
      message: `the value does not fit the type ${type?.name}${behind}`,
      field: `/fields/${name.replaceAll('~', '~0').replaceAll('/', '~1')}/value`,
      object: name,
      hint: 'Give a value as PostgreSQL writes one of that type, or take the value of a side.',
    };
  });
  const [first] = problems;
  if (!first)
    return invalid(`The values do not go together ${why}. Choose another one for a column, or decide for a side.`);
  const names = problems.map(({ object }) => object).join(', ');
  return new SyncError(
    'decision_invalid',
    `The ${problems.length === 1 ? 'value' : 'values'} given for ${names} cannot be stored ${why}.`,
    { problems },
  );
}

/** What is to be written: nothing where the target stands; and what the target has then. */
function writing(
  { plan, source: s, target: t, conflict: { key } }: Sight,
  meant: Meant,
  merged: MergedRow | undefined,
) {
  const written = (row: RowImage, winner: 'source' | 'merged') => {
    const change: Change = t ? { kind: 'update', row, expected: t.fingerprint, merged: true } : { kind: 'insert', row };
    return { change: t?.fingerprint === row.fingerprint ? undefined : change, after: printOfRow(row), winner };
  };
  if ('side' in meant) {
    if (meant.side === 'target') return { change: undefined, after: printOfRow(t), winner: 'target' as const };
    if (s) return written(s, 'source');
    const gone: Change | undefined = t && { kind: 'delete', key, expected: t.fingerprint };
    return { change: gone, after: null, winner: 'source' as const };
  }
  if (!merged || 'refused' in merged) throw unfit(plan, merged);
  return written({ ...merged.row, key }, 'merged');
}

/** The values that are kept with the base: the source's. */
function imageFor({ plan, source }: Sight) {
  const { images } = plan.conflicts;
  if (images.length === 0 || !source || source.streamed) return {};
  return { image: plan.columns.flatMap((c, i) => (images.includes(c.name) ? [source.values[i] ?? null] : [])) };
}

/** A decision ready to be applied. `merged`: what `mergeFor` came to. Throws `decision_invalid`. Pure. */
export function resolutionOf(
  sight: Sight,
  request: DecisionRequest,
  { meant, merged }: { readonly meant: Meant; readonly merged: MergedRow | undefined },
): Resolution {
  const { change, after, winner } = writing(sight, meant, merged);
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
  return {
    conflict_id: conflict.conflict_id,
    plan,
    suppressTriggers: job.config.triggers === 'suppress',
    ...(change && { change }),
    // on neither side there is nothing to compare with later
    ...((source || after) && {
      base: { key: conflict.key, base: { source: printOfRow(source), target: after }, ...imageFor(sight) },
    }),
    record,
    event,
  };
}

/** The same for the same decision, in whatever order its columns were named. */
function digestOf(decision: ConflictDecision): string {
  const parts = 'fields' in decision ? Object.entries(decision.fields).sort(([a], [b]) => (a < b ? -1 : 1)) : decision;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The answer for a conflict that is not open any more. */
export function decidedBefore(
  conflict: Conflict,
  decision: ConflictDecision,
): Exclude<DecisionOutcome, { outcome: 'stale' }> {
  const same = conflict.state === 'resolved' && conflict.decision?.asked === digestOf(decision);
  return { outcome: same ? 'applied' : 'already_resolved', conflict };
}
