import type { JobConfig } from './config.ts';
import { CONFLICT_TYPES, type ConflictType } from './conflict.ts';
import type { StampType } from './table.ts';

const RULES = {
  source: 'The value of the source.',
  target: 'The value of the target.',
  newer: 'The value of the row with the later update column; on a tie the source.',
  max: 'The greater value; NULL loses.',
  min: 'The smaller value; NULL loses.',
  concat: 'Of arrays: the elements of the target, then those of the source that it lacks.',
  sum: 'Of numbers: the value of the target plus what the source has added since the last decision; NULL counts as 0.',
  manual: 'Somebody decides the row.',
} as const;

/** How a contested column is decided under `field_level`. */
export type FieldRule = keyof typeof RULES;

/** Each rule with its meaning. */
export const FIELD_RULES: Readonly<Record<FieldRule, string>> = RULES;

export const FIELD_RULE_NAMES = Object.keys(RULES) as [FieldRule, ...FieldRule[]]; // keys of the catalogue

/** Where the last decision of a table's rows is kept. */
export interface PlannedBase {
  /** Of the pair's table and its mapping; rows filed under another id are not read. */
  readonly id: number;
  /** Bases are filed; false in a dry run. */
  readonly keep: boolean;
}

/** How the conflicts of a table are decided. A plan without it lets the source win everything. */
export interface PlannedConflicts {
  /** Identity of the pair, for the ids of its conflicts. */
  readonly pair: string;
  /** The strategy that says whether rows that only the target changed are kept. */
  readonly strategy: string;
  readonly types: Readonly<Record<ConflictType, string>>;
  /** The update column that both sides have. */
  readonly clock?: { readonly column: string; readonly type: StampType };
  /** Rules by column; `*` for the columns without one. */
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Columns whose values are kept with the base. */
  readonly images: readonly string[];
  /** How a column is shown where conflicts are listed, by column. */
  readonly masks: Readonly<Record<string, string>>;
  /** What the target has changed goes to the source. */
  readonly both?: true;
  /** Absent in a dry run that found none. */
  readonly base?: PlannedBase;
}

/** The rules of one table, every strategy filled in. */
export type TableRules = Pick<PlannedConflicts, 'strategy' | 'types' | 'fields'> & {
  readonly newerColumn?: string;
  readonly keepImages: boolean;
};

/** The rules of a table (schema.table): its own first, then those of `*`, then `conflict_strategy`. Pure. */
export function rulesOf(config: Pick<JobConfig, 'conflict_rules' | 'conflict_strategy'>, table: string): TableRules {
  const [own, all] = [config.conflict_rules[table], config.conflict_rules['*']];
  const strategy = own?.strategy ?? all?.strategy ?? config.conflict_strategy;
  const ofType = (type: ConflictType) => own?.types?.[type] ?? own?.strategy ?? all?.types?.[type] ?? strategy;
  const newerColumn = own?.newer_column ?? all?.newer_column;
  return {
    strategy,
    types: Object.fromEntries(CONFLICT_TYPES.map((t) => [t, ofType(t)])) as Record<ConflictType, string>, // all of them
    fields: { ...all?.fields, ...own?.fields },
    ...(newerColumn !== undefined && { newerColumn }),
    keepImages: own?.keep_images ?? all?.keep_images ?? false,
  };
}

/** Every strategy that a table's rules name. */
export const strategiesIn = (rules: TableRules): readonly string[] => [
  ...new Set([rules.strategy, ...Object.values(rules.types)]),
];
