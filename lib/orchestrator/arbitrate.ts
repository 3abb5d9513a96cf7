import { classify, type Verdict } from '../conflict-resolver/classify.ts';
import { type Action, decideRow, ruleOn, trusted } from '../conflict-resolver/decide.ts';
import { previewOf } from '../conflict-resolver/preview.ts';
import { type Change, type Difference, keyId, type RowImage, type RowKey } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';
import type { ConflictState, ConflictType, DecisionRecord } from '../model/conflict.ts';
import type { PlannedConflicts } from '../model/conflict-plan.ts';
import { SyncError } from '../model/errors.ts';
import type { FieldChoice } from '../model/merge.ts';
import type { BasePrints, FiledBase, KeyedPrint, RowPrint } from '../model/print.ts';
import type { TablePlan } from '../model/table.ts';
import type { ConflictDraft, RowReader, TargetDatabase } from '../ports.ts';
import { conflictId } from './conflict-plan.ts';

/** Where rows are decided: in a job's segment, or one by one by somebody. */
export interface Court {
  readonly plan: TablePlan & { readonly conflicts: PlannedConflicts };
  readonly source: Pick<RowReader, 'rows' | 'prints'>;
  readonly target: Pick<RowReader, 'rows' | 'prints'>;
  readonly database: Pick<TargetDatabase, 'bases' | 'merge'>;
  readonly deleteMode: 'tracked' | 'mirror' | 'keep';
  /** Which of these target-only keys are known to have come from the source, whatever else is known of them. */
  readonly known: (keys: readonly RowKey[]) => Promise<readonly RowKey[]>;
  readonly nowMs: number;
}

/** A decision for the record; the chunk adds who and when. */
export type Ruled = {
  readonly conflict_id: string;
  readonly key: RowKey;
  readonly type: ConflictType | 'merge' | 'target_edit';
} & Pick<DecisionRecord, 'rule' | 'winner' | 'fields' | 'inputs' | 'before' | 'after'>;

/** What a run of differences comes to. */
export interface Arbitration {
  readonly changes: readonly Change[];
  readonly refused: readonly QuarantinedRow[];
  /** How many of the differences this stands for, from the first. */
  readonly covered: number;
  readonly bases: readonly FiledBase[];
  readonly raise: readonly ConflictDraft[];
  readonly close: readonly { readonly conflict_id: string; readonly state: ConflictState }[];
  readonly ruled: readonly Ruled[];
  /** Target-only rows that are to be deleted when their turn comes. */
  readonly gone: readonly Difference[];
  /** Rows that stay as they are, those that are to be deleted among them; rows that have become equal. */
  readonly kept: number;
  readonly equal: number;
  /** Keys whose rows stay as the target has them and differ for a reason that has a name. */
  readonly explained: readonly RowKey[];
}

/** A key with all that is known of it. */
interface Case {
  readonly difference: Difference;
  readonly source: RowImage | undefined;
  readonly target: KeyedPrint | undefined;
  readonly base: BasePrints | undefined;
  readonly verdict: Verdict;
  readonly action: Action;
}

const printOfImage = (row: RowImage | undefined): RowPrint | null =>
  row ? { row: row.fingerprint, fields: row.fields ?? [] } : null;

/** Target-only rows: the delete mode says what becomes of those that nobody disagrees on. */
function decideMissing(
  court: Court,
  verdict: Verdict,
  {
    base,
    key,
    known,
  }: { readonly base: BasePrints | undefined; readonly key: RowKey; readonly known: ReadonlySet<string> },
): { readonly verdict: Verdict; readonly action: Action | { readonly kind: 'delete'; readonly rule: string } } {
  const keep = (rule: string) => ({ verdict, action: { kind: 'keep' as const, rule } });
  const { deleteMode } = court;
  if (verdict.kind === 'equal') return { verdict, action: { kind: 'equal', rule: 'equal' } };
  if (deleteMode === 'keep') return keep('delete_mode');
  if (verdict.kind === 'apply') return { verdict, action: { kind: 'delete', rule: 'apply' } };
  if (verdict.kind === 'target_only' && deleteMode === 'mirror')
    return { verdict, action: { kind: 'delete', rule: 'delete_mode' } };
  // it came from the source, but whether the target has changed it since nobody knows
  const doubtful = verdict.kind === 'target_only' && base === undefined && known.has(keyId(key));
  const found: Verdict = doubtful
    ? { kind: 'conflict', type: 'delete_updated', split: { contested: [], fromSource: [], fromTarget: [] } }
    : verdict;
  if (found.kind !== 'conflict') return keep(verdict.kind);
  const ruling = ruleOn(found, contestOf(court, undefined, undefined, base));
  if (ruling.kind === 'source') return { verdict: found, action: { kind: 'delete', rule: ruling.rule } };
  return { verdict: found, action: ruling };
}

function contestOf(
  { plan, nowMs }: Court,
  source: RowImage | undefined,
  target: KeyedPrint | undefined,
  base: BasePrints | undefined,
) {
  return {
    columns: plan.columns.map((c) => c.name),
    rules: plan.conflicts,
    clocks: { source: source?.clock, target: target?.clock },
    nowMs,
    images: Object.keys(base?.image ?? {}),
  };
}

/** Rows of these keys with their values, all of them. Throws `target_moving` where one is not the row that was looked at. */
async function valuesOf(
  reader: Pick<RowReader, 'rows'>,
  wanted: readonly KeyedPrint[],
  maxBytes: number,
): Promise<ReadonlyMap<string, RowImage>> {
  const all = new Map<string, RowImage>();
  for (let at = 0; at < wanted.length; ) {
    const { rows, covered } = await reader.rows(
      wanted.slice(at).map((w) => w.key),
      maxBytes,
    );
    for (const row of rows) all.set(keyId(row.key), row);
    at += Math.max(1, covered);
  }
  if (wanted.every((w) => (all.get(keyId(w.key))?.fingerprint ?? w.row) === w.row)) return all;
  throw new SyncError('target_moving', 'Rows of the target changed while they were decided.');
}

const isoOf = (clock: string | undefined) =>
  clock === undefined ? null : new Date(Number(BigInt(clock) / 1000n)).toISOString();

/** Both update columns, as a record shows them. */
function clocksOf(court: Court, source: RowImage | undefined, target: KeyedPrint | undefined) {
  if (!court.plan.conflicts.clock) return {};
  const [s, t] = [source?.clock, target?.clock];
  const far = s !== undefined && t !== undefined ? { skew_ms: Number((BigInt(s) - BigInt(t)) / 1000n) } : {};
  const distrusted = [s, t].some((c) => c !== undefined && trusted(c, court.nowMs) === undefined);
  return { clocks: { source: isoOf(s), target: isoOf(t), ...far, ...(distrusted && { future: true }) } };
}

const sidesOf = (base: BasePrints | undefined) =>
  base ? { base: { source: base.source?.row ?? null, target: base.target?.row ?? null } } : {};

/** The image that is filed with a base: the source's values. */
function imageOf({ plan }: Court, row: RowImage | undefined) {
  const { images } = plan.conflicts;
  if (images.length === 0 || !row || row.streamed) return {};
  return { image: plan.columns.flatMap((c, i) => (images.includes(c.name) ? [row.values[i] ?? null] : [])) };
}

/** Collects what becomes of each case. */
class Findings {
  readonly changes: Change[] = [];
  readonly bases: FiledBase[] = [];
  readonly raise: ConflictDraft[] = [];
  readonly close: { conflict_id: string; state: ConflictState }[] = [];
  readonly ruled: Ruled[] = [];
  readonly gone: Difference[] = [];
  readonly explained: RowKey[] = [];
  kept = 0;
  equal = 0;
  private readonly court: Court;

  constructor(court: Court) {
    this.court = court;
  }

  private id(key: RowKey): string {
    const { pair } = this.court.plan.conflicts;
    return conflictId(pair, this.court.plan.target, key);
  }

  private rule(
    c: Case,
    winner: DecisionRecord['winner'],
    after: string | null,
    fields?: Readonly<Record<string, string>>,
  ) {
    const { key } = c.difference;
    const type = c.verdict.kind === 'conflict' ? c.verdict.type : c.verdict.kind === 'merge' ? 'merge' : 'target_edit';
    const before = c.target?.row ?? null;
    this.ruled.push({
      conflict_id: this.id(key),
      key,
      type,
      rule: c.action.rule,
      winner,
      ...(fields && { fields }),
      inputs: {
        source: c.source?.fingerprint ?? null,
        target: before,
        ...sidesOf(c.base),
        ...clocksOf(this.court, c.source, c.target),
      },
      before,
      after,
    });
  }

  private settle(key: RowKey, state: 'converged' | 'superseded'): void {
    this.close.push({ conflict_id: this.id(key), state });
  }

  private fileAs(c: Case, target: RowPrint | null): void {
    const source = printOfImage(c.source);
    this.bases.push({ key: c.difference.key, base: { source, target }, ...imageOf(this.court, c.source) });
  }

  /** Both sides have come to agree since they were compared. */
  same(c: Case): void {
    this.settle(c.difference.key, 'converged');
    if (!c.source) return;
    this.equal += 1;
    this.fileAs(c, c.target ?? null);
  }

  /** The target takes the source's row. */
  write(c: Case, row: RowImage): void {
    const { target, verdict } = c;
    this.changes.push(target ? { kind: 'update', row, expected: target.row } : { kind: 'insert', row });
    this.settle(c.difference.key, 'converged');
    if (verdict.kind !== 'apply') this.rule(c, 'source', row.fingerprint);
  }

  /** The target takes a row that is made of both. */
  merged(c: Case, row: RowImage, fields: ReadonlyMap<number, FieldChoice>): void {
    const { source, target } = c;
    const names = [...fields].map(([i, how]) => [this.court.plan.columns[i]?.name ?? '', how] as const);
    if (source && row.fingerprint === source.fingerprint) this.write(c, source);
    else {
      this.settle(c.difference.key, 'superseded');
      this.fileAs(c, { row: row.fingerprint, fields: row.fields ?? [] });
      this.rule(c, 'merged', row.fingerprint, Object.fromEntries(names));
      if (target && row.fingerprint === target.row) this.stay(c);
      else if (target) this.changes.push({ kind: 'update', row, expected: target.row, merged: true });
    }
  }

  private stay(c: Case): void {
    this.kept += 1;
    // the source got it a moment ago, so nobody has decided it yet; where a filter hides it there is nothing to decide
    if (c.action.rule !== 'moved' || this.court.plan.filters.length > 0) this.explained.push(c.difference.key);
  }

  /** The target's row stays and nothing was decided. */
  keep(c: Case): void {
    this.settle(c.difference.key, 'superseded');
    this.stay(c);
  }

  /** The target's row stays because a rule says so. */
  targetStands(c: Case): void {
    this.keep(c);
    this.fileAs(c, c.target ?? null);
    this.rule(c, 'target', c.target?.row ?? null);
  }

  /** The target's row goes when the children of its table have gone. */
  remove(c: Case): void {
    this.kept += 1;
    this.gone.push({ ...c.difference, kind: 'target_only', target: c.target?.row ?? '' } as Difference);
    this.settle(c.difference.key, 'converged');
    if (c.verdict.kind === 'conflict') this.rule(c, 'source', null);
  }

  /** Somebody has to decide. */
  ask(c: Case, images: { readonly target: RowImage | undefined }, why: string): void {
    const { plan } = this.court;
    const { difference, source, target, base, verdict } = c;
    const { key } = difference;
    const split = verdict.kind === 'conflict' ? verdict.split : undefined;
    const both = source && target;
    const positions = both ? plan.columns.flatMap((_, i) => (source.fields?.[i] === target.fields[i] ? [] : [i])) : [];
    const shown = both ? positions : plan.columns.map((_, i) => i);
    const columns = shown.map((i) => ({
      column: plan.columns[i]?.name ?? '',
      source: source?.values[i] ?? null,
      target: images.target?.values[i] ?? null,
    }));
    const contested = (split?.contested ?? []).map((i) => plan.columns[i]?.name).join(', ');
    const unknown = base === undefined ? ' What the row was before is not known.' : '';
    this.raise.push({
      conflict_id: this.id(key),
      pair: plan.conflicts.pair,
      key,
      type: verdict.kind === 'conflict' ? verdict.type : 'update_differing',
      reason: `${why}${contested && ` Contested: ${contested}.`}${unknown}`,
      prints: { source: source?.fingerprint ?? null, target: target?.row ?? null, ...sidesOf(base) },
      changed: positions.map((i) => plan.columns[i]?.name ?? ''),
      preview: previewOf(columns, plan.conflicts.masks),
    });
    if (base === undefined) this.bases.push({ key, base: 'unknown' });
  }
}

/** Keys of target-only differences of which the last decision says nothing; only they are asked for elsewhere. */
async function knownOf(court: Court, differences: readonly Difference[], bases: readonly (BasePrints | undefined)[]) {
  if (court.deleteMode !== 'tracked') return new Set<string>();
  const doubtful = differences.filter((d, i) => d.kind === 'target_only' && bases[i] === undefined);
  return new Set((await court.known(doubtful.map((d) => d.key))).map(keyId));
}

type Decision = Omit<Case, 'action'> & {
  readonly action: Case['action'] | { readonly kind: 'delete'; readonly rule: string };
};

/** A row's case: what both sides have now, what is known of before, and what the rules make of it. */
function decisionOf(
  court: Court,
  facts: Pick<Case, 'difference' | 'source' | 'target' | 'base'>,
  known: ReadonlySet<string>,
): Decision {
  const { difference, source, target, base } = facts;
  const verdict = classify(base, printOfImage(source), target ?? null);
  if (!source) return { ...facts, ...decideMissing(court, verdict, { base, key: difference.key, known }) };
  // a filter hides it on the other side, or it came a moment ago: not a row that only the target has, and none to be copied
  if (difference.kind === 'target_only') return { ...facts, verdict, action: { kind: 'keep', rule: 'moved' } };
  return { ...facts, verdict, action: decideRow(verdict, contestOf(court, source, target, base)) };
}

const NOT_HELD = 'The row is too large to be merged.';

/**
 * Decides differences by what both sides have now and what they had at the last decision. Reads; writes nothing. `poison`: the
 * one row of the slice cannot be written as it was decided. Throws `target_moving`.
 */
export async function arbitrate(
  court: Court,
  slice: readonly Difference[],
  maxBytes: number,
  poison?: QuarantinedRow,
): Promise<Arbitration> {
  const { plan } = court;
  const fetched = await court.source.rows(
    slice.map((d) => d.key),
    maxBytes,
  );
  const differences = slice.slice(0, fetched.covered);
  const keys = differences.map((d) => d.key);
  const rows = new Map(fetched.rows.map((r) => [keyId(r.key), r]));
  const tooLarge = new Set(fetched.tooLarge.map(keyId));
  const prints = new Map((await court.target.prints(keys)).map((p) => [keyId(p.key), p]));
  const bases = await court.database.bases(plan, keys);
  const known = await knownOf(court, differences, bases);
  const cases = differences.flatMap((difference, i): Decision[] => {
    const id = keyId(difference.key);
    if (tooLarge.has(id)) return [];
    const facts = { difference, source: rows.get(id), target: prints.get(id), base: bases[i] };
    return [decisionOf(court, facts, known)];
  });
  const valued = cases.filter((c) => c.target && (c.action.kind === 'merge' || c.action.kind === 'people'));
  const values = await valuesOf(
    court.target,
    valued.flatMap((c) => c.target ?? []),
    maxBytes,
  );
  const found = new Findings(court);
  await merge(court, cases as readonly Case[], { values, poison, found });
  let refused: QuarantinedRow[] = fetched.tooLarge.map((key) => ({ key, code: 'row_too_large' as const }));
  for (const c of cases) {
    if (c.action.kind === 'merge') continue;
    if (poison && (c.action.kind === 'source' || c.action.kind === 'delete')) refused = [poison];
    else conclude(c, found, values);
  }
  return { ...found, kept: found.kept, equal: found.equal, refused, covered: fetched.covered };
}

function conclude(c: Decision, found: Findings, values: ReadonlyMap<string, RowImage>): void {
  const { action, source } = c;
  const it = c as Case; // only `remove` has another kind, and it does not look at it
  switch (action.kind) {
    case 'equal':
      found.same(it);
      break;
    case 'source':
      if (source) found.write(it, source);
      break;
    case 'delete':
      found.remove(it);
      break;
    case 'target':
      found.targetStands(it);
      break;
    case 'keep':
      found.keep(it);
      break;
    case 'people':
      found.ask(it, { target: values.get(keyId(c.difference.key)) }, `Left to people by ${action.rule}.`);
      break;
    case 'aside':
    case 'merge':
      throw new TypeError('no row comes to this here');
  }
}

/** Merges the rows that are to be merged; one whose values do not go together, or that the target refuses, is for people. */
async function merge(
  { plan, database }: Court,
  cases: readonly Case[],
  how: {
    readonly values: ReadonlyMap<string, RowImage>;
    readonly poison: QuarantinedRow | undefined;
    readonly found: Findings;
  },
): Promise<void> {
  const { values, poison, found } = how;
  const ready: {
    readonly c: Case;
    readonly source: RowImage;
    readonly target: RowImage;
    readonly fields: ReadonlyMap<number, FieldChoice>;
  }[] = [];
  for (const c of cases) {
    if (c.action.kind !== 'merge') continue;
    const target = values.get(keyId(c.difference.key));
    if (poison) found.ask(c, { target }, `The target refused the merged row (${poison.code}).`);
    else if (!c.source || !target || c.source.streamed || target.streamed) found.ask(c, { target }, NOT_HELD);
    else ready.push({ c, source: c.source, target, fields: c.action.fields });
  }
  const rows = await database.merge(
    plan,
    ready.map(({ c, source, target, fields }) => ({
      key: c.difference.key,
      source: source.values,
      target: target.values,
      ...(c.base?.image && { image: c.base.image }),
      fields,
    })),
  );
  for (const [i, merged] of rows.entries()) {
    const { c, target, fields } = ready[i] as (typeof ready)[number]; // one for each
    if ('row' in merged) found.merged(c, { ...merged.row, key: c.difference.key }, fields);
    else found.ask(c, { target }, `The values cannot be merged (SQLSTATE ${merged.refused}).`);
  }
}
