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
  /** When two values are equal, for people. */
  readonly equality: string;
  /** False for types that are carried as text because nothing is known of them; a plan names these. Default: true. */
  readonly known?: boolean;
  handles(type: ColumnType['base']): boolean;
  /**
   * SQL whose text form is the same for equal values and differs for different ones; NULL for NULL. `column` is SQL too.
   * Relies on the settings that a session pins (search_path is empty).
   */
  canonical(column: string, type: ColumnType['base']): string;
  /** SQL expressions with the same equality that the record hash keeps apart; default: the canonical one. */
  parts?(column: string, type: ColumnType['base']): readonly string[];
  /**
   * SQL of one form for all values that the type's own `=`, and so a unique index, takes for one; cast back it finds the row.
   * What keys are told apart by. Default: the column, where one value has one text form.
   */
  identity?(column: string, type: ColumnType['base']): string;
  /** The type's own `=` takes values for one that are different here: a key can change and still be the same key. */
  readonly folds?: true;
  /** A value as a person sees it, from its text under the pinned settings; default: that text. */
  show?(value: string): string;
  /**
   * A literal for the probe row, with the name of its built-in type; both servers must hash it alike. Without a name it is
   * read as the column's own type.
   */
  readonly probe: { readonly literal: string; readonly type?: string };
}

/** Matches built-in types by `typname`. */
export function builtIn(...names: readonly string[]): DataTypeHandler['handles'] {
  return (type) => type.schema === 'pg_catalog' && names.includes(type.name);
}

/** Matches base types of extensions, whatever schema they were installed into. */
export function extension(...names: readonly string[]): DataTypeHandler['handles'] {
  return (type) => type.schema !== 'pg_catalog' && type.kind === 'b' && names.includes(type.name);
}

/** SQL of a value's text form, compared byte by byte. Goes by the cast to text, which is the output function but for few types. */
export const textOf = (column: string): string => `${column}::pg_catalog.text collate "C"`;

/**
 * SQL of what the output function of a type writes. Unlike `::text` it never goes by a cast that somebody has defined, and
 * that may write two values alike.
 */
export const outputOf = (column: string): string =>
  `(case when pg_catalog.num_nulls(${column}) = 0 then pg_catalog.concat(${column}) end collate "C")`;

/** For handlers that go by text: what both servers must hash alike is text. */
export const TEXT_PROBE = { literal: 'Ångström ☃ | \\ "x"', type: 'text' } as const;
