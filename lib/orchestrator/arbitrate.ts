import { BACK_CASES } from '../conflict-resolver/both-ways.ts';
import { classify, type Verdict } from '../conflict-resolver/classify.ts';
import { type Action, decideRow, ruleOn } from '../conflict-resolver/decide.ts';
import { type Difference, keyId, type RowImage, type RowKey } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import type { FieldChoice } from '../model/merge.ts';
import type { BasePrints, KeyedPrint } from '../model/print.ts';
import type { RowReader } from '../ports.ts';
import { type Arbitration, type Case, type Court, printOfImage } from './court.ts';
import { Findings } from './findings.ts';
import { refusedIn } from './refused-rows.ts';

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
  // it came from the source, but whether the target has changed it since nobody knows
  const doubtful = verdict.kind === 'target_only' && base === undefined && known.has(keyId(key));
  if (court.plan.conflicts.both && !doubtful && BACK_CASES[verdict.kind] === 'stands') return keep(verdict.kind);
  if (deleteMode === 'keep') return keep('delete_mode');
  if (verdict.kind === 'apply') return { verdict, action: { kind: 'delete', rule: 'apply' } };
  if (verdict.kind === 'target_only' && deleteMode === 'mirror')
    return { verdict, action: { kind: 'delete', rule: 'delete_mode' } };
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

/** Keys of target-only differences of which the last decision says nothing; only they are asked for elsewhere. */
async function knownOf(court: Court, differences: readonly Difference[], bases: readonly (BasePrints | undefined)[]) {
  if (court.deleteMode !== 'tracked' && !court.plan.conflicts.both) return new Set<string>();
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
  let refused = refusedIn(fetched);
  const aside = new Set(refused.map((r) => keyId(r.key)));
  const prints = new Map((await court.target.prints(keys)).map((p) => [keyId(p.key), p]));
  const bases = await court.database.bases(plan, keys);
  const known = await knownOf(court, differences, bases);
  const cases = differences.flatMap((difference, i): Decision[] => {
    const id = keyId(difference.key);
    if (aside.has(id)) return [];
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
