import type { ColumnType } from '../model/table.ts';

/**
 * What the engine must know of a family of types: when two values are equal, said in SQL.
 *
 * Two rules make fingerprints sound: equal values give equal results, and different values give different results *after
 * hashing by PostgreSQL's record hash*. The second is not free: see docs/adr/0003 for the types whose own hash function
 * takes different values for equal (int8, numeric, timestamps, jsonb).
 */
export interface DataTypeHandler {
  readonly name: string;
  handles(type: ColumnType['base']): boolean;
  /** SQL whose text form is the same for equal values and differs for different ones. `column` is SQL too. */
  canonical(column: string, type: ColumnType['base']): string;
  /** SQL expressions with the same equality that the record hash keeps apart; default: the canonical one. */
  parts?(column: string, type: ColumnType['base']): readonly string[];
  /** A literal of the type for the probe row, with its type name; both servers must hash it alike. */
  readonly probe: { readonly literal: string; readonly type: string };
}

const inCatalog = (names: readonly string[]) => (type: ColumnType['base']) =>
  type.schema === 'pg_catalog' && names.includes(type.name);

/** Matches built-in types by `typname`. */
export function builtIn(...names: readonly string[]): DataTypeHandler['handles'] {
  return inCatalog(names);
}
