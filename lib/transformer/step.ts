import type { ErrorCode } from '../model/errors.ts';
import type { ColumnSource } from '../model/mapping.ts';
import type { Column, ColumnType, RelationName } from '../model/table.ts';
import type { ExpressionEnv, SqlExpression } from './sql-expression.ts';

/** The alias of the source table in a mapping's SQL. */
export const SOURCE = 's';

/** A constant of a mapping, to be read as a type of the target by the target's server. */
export interface WantedConstant {
  readonly text: string;
  readonly declared: string;
}

/** A table that is read once, as pairs of texts: what is matched, and what arrives. */
export interface WantedLookup {
  readonly side: 'source' | 'target';
  readonly table: string;
  readonly match: string;
  readonly take: string;
}

/** A lookup's table as it was read, or what is wrong with it. */
export type FoundLookup =
  | { readonly pairs: readonly (readonly [string, string | null])[]; readonly take: Column }
  | { readonly problem: StepProblem };

/** What was read of both sides before anything is compiled. */
export interface Found {
  /** The constant in the canonical text of its type; undefined where it cannot be read as one. */
  constant(wanted: WantedConstant): string | undefined;
  lookup(wanted: WantedLookup): FoundLookup;
}

/** What is wrong with a column of a mapping, in words for its author. */
export interface StepProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly side?: 'source' | 'target';
  readonly object?: string;
  readonly hint?: string;
}

/** What a step may look at. */
export interface StepContext {
  readonly env: ExpressionEnv;
  readonly source: RelationName;
  readonly target: Column;
  readonly found: Found;
}

/** A column as a step makes it. */
export interface Made {
  readonly expression: SqlExpression;
  /** It is this column of the source, unchanged. */
  readonly plain?: string;
  /** The step has seen to it that what does not fit the target's column is refused by itself. */
  readonly fits?: true;
}

/** `left`: the target's column is not written. */
export type StepResult = Made | 'left' | { readonly problems: readonly StepProblem[] };

/** The kinds of column sources, by the field that tells them apart; `column`: the name of a source column alone. */
export type StepName =
  | 'column'
  | 'omit'
  | 'default'
  | 'constant'
  | 'expression'
  | 'values'
  | 'lookup'
  | 'json_path'
  | 'json_object'
  | 'geometry'
  | 'mask';

export type SourceOf<K extends StepName> = K extends 'column'
  ? string
  : Extract<Exclude<ColumnSource, string>, Readonly<Record<K, unknown>>>;

/**
 * One way to make a column of the target, as a function from the columns of the source to one SQL expression. What it makes
 * is total: it never raises an error, whatever a row holds (see SqlExpression).
 */
export interface TransformStep<K extends StepName> {
  readonly summary: string;
  constants?(source: SourceOf<K>, target: Column): readonly WantedConstant[];
  lookups?(source: SourceOf<K>): readonly WantedLookup[];
  make(source: SourceOf<K>, context: StepContext): StepResult;
}

export const refused = (code: ErrorCode, message: string, more: Partial<StepProblem> = {}): StepResult => ({
  problems: [{ code, message, ...more }],
});

/** A built-in type by its name. */
export const builtInType = (name: string): ColumnType => {
  const base = { schema: 'pg_catalog', name, kind: 'b' };
  return { ...base, base };
};
