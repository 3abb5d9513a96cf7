import { backFor } from '../conflict-resolver/both-ways.ts';
import { trusted } from '../conflict-resolver/decide.ts';
import { previewOf } from '../conflict-resolver/preview.ts';
import type { Change, Difference, RowImage, RowKey } from '../model/change.ts';
import type { ConflictState, DecisionRecord } from '../model/conflict.ts';
import type { BackDraft } from '../model/intent.ts';
import type { FieldChoice } from '../model/merge.ts';
import type { BasePrints, FiledBase, KeyedPrint, RowPrint } from '../model/print.ts';
import type { ConflictDraft } from '../ports.ts';
import { conflictId } from './conflict-plan.ts';
import { type Case, type Court, printOfImage, type Ruled } from './court.ts';

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

const printOfTarget = (target: KeyedPrint | undefined): RowPrint | null =>
  target ? { row: target.row, fields: target.fields } : null;

/** Collects what becomes of each case. */
export class Findings {
  readonly changes: Change[] = [];
  readonly bases: FiledBase[] = [];
  readonly raise: ConflictDraft[] = [];
  readonly close: { conflict_id: string; state: ConflictState }[] = [];
  readonly ruled: Ruled[] = [];
  readonly gone: Difference[] = [];
  readonly back: BackDraft[] = [];
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
      const print = { row: row.fingerprint, fields: row.fields ?? [] };
      if (target && row.fingerprint === target.row) this.stay(c, print);
      else if (target) {
        this.changes.push({ kind: 'update', row, expected: target.row, merged: true });
        this.goesBack(c, print, true);
      }
    }
  }

  /** Whether what the target ends with goes to the source; then it is noted. */
  private goesBack(c: Case, after: RowPrint | null, merged = false): boolean {
    const { plan, deleteMode } = this.court;
    const { difference, source, verdict, action } = c;
    if (!plan.conflicts.both) return false;
    const what = backFor(verdict, action, { there: after !== null, deletes: deleteMode !== 'keep' });
    const before = source?.fingerprint ?? null;
    if (what === 'row') this.back.push({ key: difference.key, before, after, ...(merged && { merged }) });
    if (what === 'deletion' && before !== null)
      this.gone.push({ kind: 'source_only', bucket: difference.bucket, key: difference.key, source: before });
    return what !== 'nothing';
  }

  private stay(c: Case, after = printOfTarget(c.target)): void {
    this.kept += 1; // in both directions until the source has it
    if (this.goesBack(c, after)) return;
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
