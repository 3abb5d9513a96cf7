import { conversion } from '../../data-types/lattice.ts';
import { type ColumnSource, columnSource } from '../../model/mapping.ts';
import type { AnsweredColumn, ModelAnswer } from '../../model/model-answer.ts';
import type { Proposal, ProposedColumn, ProposedTable } from '../../model/proposal.ts';
import { type Column, type Relation, relationText } from '../../model/table.ts';
import { columnsIn } from '../mapped-relation.ts';
import { makeColumn } from '../registry.ts';
import type { ExpressionEnv } from '../sql-expression.ts';
import { type Found, SOURCE } from '../step.ts';
import { type TableView, viewOf } from './column-score.ts';
import { maskFor, personalKind } from './personal.ts';
import { findingsOf, mappingOf } from './propose.ts';

/** Why something of an answer is not taken over. */
export const REFUSALS = ['unknown_name', 'not_possible', 'personal', 'too_much', 'surer_rule'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Merged {
  readonly proposal: Proposal;
  /** `schema.table.column` of the target, where the model has decided what it is made of. */
  readonly byModel: ReadonlySet<string>;
  readonly refused: Readonly<Record<Refusal, number>>;
}

export interface MergeContext extends Pick<ExpressionEnv, 'postgis' | 'serverVersion'> {
  readonly source: readonly Relation[];
  readonly target: readonly Relation[];
  /** Whether columns with personal data are masked. */
  readonly mask: boolean;
}

/** However sure a model says it is, a person looks: below the threshold of `low_confidence`. */
const MOST_CONFIDENCE = 0.65;
/** A rule that is this sure is not overruled. */
const SURE = 0.7;
/** Each is compiled, which takes some milliseconds. */
const MOST_COLUMNS = 1000;

/** What a model proposes has no constants and looks nothing up. */
const NOTHING: Found = {
  constant: () => undefined,
  lookup: () => ({ problem: { code: 'lookup_invalid', message: 'There is no lookup.' } }),
};

interface Pair {
  readonly source: Relation;
  readonly target: Relation;
  readonly views: { readonly source: TableView; readonly target: TableView };
}

/**
 * A proposal of the rules with what an answer adds to it. Names that no catalog has, columns that cannot be made, and personal
 * data on its way past a mask are left out and counted; what the rules are sure of stays. Pure.
 */
export function mergeAnswer(proposal: Proposal, answer: ModelAnswer, context: MergeContext): Merged {
  const merge = new Merge(context);
  const tables = new Map(proposal.tables.map((t) => [t.table, t]));
  const seen = new Set<string>();
  for (const answered of answer.tables) {
    const target = context.target.find((t) => relationText(t) === answered.table);
    const source = context.source.find((s) => relationText(s) === answered.from);
    const draft = tables.get(answered.table);
    if (!target || !source || seen.has(answered.table)) {
      merge.refuse('unknown_name', Math.max(1, answered.columns.length));
      continue;
    }
    seen.add(answered.table);
    if (draft && draft.from !== answered.from) {
      merge.refuse('surer_rule', answered.columns.length);
      continue;
    }
    const pair = { source, target, views: { source: viewOf(source), target: viewOf(target) } };
    const merged = merge.table(draft ?? emptyDraft(pair, answered.reason), pair, answered.columns);
    if (merged.columns.length > 0) tables.set(answered.table, merged);
  }
  return { proposal: remade(proposal, [...tables.values()], context), byModel: merge.byModel, refused: merge.refused };
}

const emptyDraft = ({ source, target }: Pair, reason: string): ProposedTable => ({
  table: relationText(target),
  from: relationText(source),
  confidence: 0.5,
  reasons: [said(reason)],
  columns: [],
  unmatched_target: target.columns.map((c) => c.name),
  unmatched_source: source.columns.map((c) => c.name),
});

/** What a model says is shown to people, in one short line of harmless characters. */
export const said = (reason: string) =>
  `model: ${reason
    .replaceAll(/(?:\p{C}|\s)+/gu, ' ')
    .trim()
    .slice(0, 160)}`;

class Merge {
  readonly byModel = new Set<string>();
  readonly refused: Record<Refusal, number> = {
    unknown_name: 0,
    not_possible: 0,
    personal: 0,
    too_much: 0,
    surer_rule: 0,
  };
  readonly #context: MergeContext;
  #looked = 0;

  constructor(context: MergeContext) {
    this.#context = context;
  }

  refuse(why: Refusal, times = 1): undefined {
    this.refused[why] += times;
    return undefined;
  }

  table(draft: ProposedTable, pair: Pair, answered: readonly AnsweredColumn[]): ProposedTable {
    const columns = new Map(draft.columns.map((c) => [c.column, c]));
    const seen = new Set<string>();
    for (const a of answered) {
      if (seen.has(a.column)) this.refuse('unknown_name');
      else {
        seen.add(a.column);
        const column = this.#column(a, columns.get(a.column), pair);
        if (column) columns.set(a.column, column);
      }
    }
    return ordered(draft, [...columns.values()], pair);
  }

  #column(a: AnsweredColumn, rule: ProposedColumn | undefined, pair: Pair): ProposedColumn | undefined {
    const target = pair.target.columns.find((c) => c.name === a.column);
    if (!target) return this.refuse('unknown_name');
    if (target.generated) return this.refuse('not_possible');
    if (rule && rule.confidence >= SURE) return this.#masked(a, rule, target, pair) ?? this.refuse('surer_rule');
    if (++this.#looked > MOST_COLUMNS) return this.refuse('too_much');
    const proposed = this.#proposed(a, target, pair);
    if (proposed) this.byModel.add(`${relationText(pair.target)}.${a.column}`);
    return proposed;
  }

  #proposed(a: AnsweredColumn, target: Column, pair: Pair): ProposedColumn | undefined {
    if ((a.source === null) === (a.expression === null)) return this.refuse('not_possible');
    const own = pair.source.columns.find((c) => c.name === a.source);
    if (a.source !== null && !own) return this.refuse('unknown_name');
    const personal =
      a.personal ?? personalOf(target.name, pair.views.target) ?? (own && personalOf(own.name, pair.views.source));
    const plain = columnSource.safeParse(own ? own.name : { expression: a.expression });
    if (!plain.success) return this.refuse('not_possible');
    const open = this.#make(plain.data, target, pair);
    if (!open) return this.refuse('not_possible');
    const from = own ? [own.name] : columnsIn(open, pair.source);
    const tells =
      personal ?? from.map((name) => personalOf(name, pair.views.source)).find((kind) => kind !== undefined);
    const source = tells && this.#context.mask ? this.#mask(tells, own, target, pair) : plain.data;
    if (source === undefined) return this.refuse('personal');
    const how = own && source === own.name ? conversion(own, target) : 'computed';
    return {
      column: target.name,
      from,
      source,
      confidence: Math.round(Math.min(a.confidence, MOST_CONFIDENCE) * 100) / 100,
      reasons: [said(a.reason)],
      conversion: how === 'incompatible' ? 'computed' : how,
      ...(tells && { personal: tells }),
    };
  }

  /** A rule that stands, with a mask that it did not have; keys keep what they are. */
  #masked(a: AnsweredColumn, rule: ProposedColumn, target: Column, pair: Pair): ProposedColumn | undefined {
    if (!this.#context.mask || !a.personal || rule.personal || roleOf(target.name, pair.views.target)) return undefined;
    const own = pair.source.columns.find((c) => c.name === rule.source);
    const source = own && this.#mask(a.personal, own, target, pair);
    if (!source) return undefined;
    this.byModel.add(`${relationText(pair.target)}.${a.column}`);
    return { ...rule, source, personal: a.personal, reasons: [...rule.reasons, said(a.reason)] };
  }

  /** The column under the mask of the rules, where there is one column and the mask fits its type. */
  #mask(kind: NonNullable<AnsweredColumn['personal']>, own: Column | undefined, target: Column, pair: Pair) {
    if (!own) return undefined;
    const unique = roleOf(target.name, pair.views.target) !== undefined;
    const kinds = [maskFor(kind, unique), { kind: 'hash', domain: '' }, ...(target.notNull ? [] : [{ kind: 'null' }])];
    return kinds
      .flatMap((mask) => columnSource.safeParse({ column: own.name, mask }).data ?? [])
      .find((source) => this.#make(source, target, pair) !== undefined);
  }

  /** SQL of the column, by the same steps as of a mapping that a person wrote; undefined where it cannot be made. */
  #make(source: ColumnSource, target: Column, { source: table }: Pair): string | undefined {
    const { postgis, serverVersion } = this.#context;
    const env = { columns: table.columns, alias: SOURCE, serverVersion, ...(postgis !== undefined && { postgis }) };
    const made = makeColumn(source, { env, source: table, target, found: NOTHING });
    return made !== 'left' && 'expression' in made ? made.expression.sql : undefined;
  }
}

const columnOf = (name: string, view: TableView) => view.columns.find((c) => c.column.name === name);
const roleOf = (name: string, view: TableView) => columnOf(name, view)?.role;

function personalOf(name: string, view: TableView) {
  const column = columnOf(name, view);
  return column && personalKind(column, view);
}

/** Columns in the order of the target's, with what is left on both sides. */
function ordered(draft: ProposedTable, columns: readonly ProposedColumn[], { source, target }: Pair): ProposedTable {
  const place = new Map(target.columns.map((c, i) => [c.name, i]));
  const used = new Set(columns.flatMap((c) => c.from));
  const filled = new Set(columns.map((c) => c.column));
  return {
    ...draft,
    columns: [...columns].sort((a, b) => (place.get(a.column) ?? 0) - (place.get(b.column) ?? 0)),
    unmatched_target: target.columns.filter((c) => !filled.has(c.name)).map((c) => c.name),
    unmatched_source: source.columns.filter((c) => !used.has(c.name)).map((c) => c.name),
  };
}

/** The same proposal over other tables. */
export function remade(
  proposal: Proposal,
  tables: readonly ProposedTable[],
  { source, target }: Pick<MergeContext, 'source' | 'target'>,
): Proposal {
  const rest = (all: readonly Relation[], gone: ReadonlySet<string>) =>
    all.map(relationText).filter((name) => !gone.has(name));
  const byName = new Map(target.map((t) => [relationText(t), t]));
  return {
    ...proposal,
    mapping: mappingOf(tables),
    tables: [...tables],
    unmatched_tables: {
      source: rest(source, new Set(tables.map((t) => t.from))),
      target: rest(target, new Set(tables.map((t) => t.table))),
    },
    findings: tables.flatMap((t) => {
      const left = new Set(t.unmatched_target);
      return findingsOf(t, byName.get(t.table)?.columns.filter((c) => left.has(c.name)) ?? []);
    }),
  };
}
