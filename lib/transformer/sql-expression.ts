import type { Column, ColumnType } from '../model/table.ts';

/**
 * An expression over the columns of a source row, as SQL of the source's server.
 *
 * It is total: it never raises an error, because that would end the scan of a whole segment. A row whose value cannot be
 * computed (a text that is no number, a division by zero, a code that no map knows) gives NULL, and `failed` is then true.
 * Every constant in it is quoted by lib/model/quote.ts, every name qualified; there are no parameters, because COPY takes none.
 */
export interface SqlExpression {
  readonly type: ColumnType;
  /** Its type as `format_type` says it, qualified. */
  readonly declared: string;
  readonly nullable: boolean;
  /** SQL of the value; columns are addressed as those of `alias`. */
  readonly sql: string;
  /** SQL of a boolean, never NULL: the value could not be computed. Absent where that cannot happen. */
  readonly failed?: string;
}

/** What an expression may name: the columns of the source table, under the alias that its SQL gives them. */
export interface ExpressionEnv {
  readonly columns: readonly Column[];
  readonly alias: string;
  /** Schema of PostGIS on the source; absent without it. */
  readonly postgis?: string;
  /** Oldest of the two servers, e.g. 150020. */
  readonly serverVersion: number;
}

/** What is wrong with an expression: where, and why, in words for its author. */
export interface ExpressionProblem {
  readonly code: string;
  readonly message: string;
  /** Position in its text, in UTF-16 units from 0. */
  readonly at?: number;
  readonly hint?: string;
}

export type Compiled = { readonly ok: SqlExpression } | { readonly problems: readonly ExpressionProblem[] };
