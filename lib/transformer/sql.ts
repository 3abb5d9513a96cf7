import { ident, literal } from '../model/quote.ts';
import type { ColumnType } from '../model/table.ts';

/** A call of one of PostgreSQL's own functions. */
export const call = (name: string, ...args: readonly (string | number)[]): string =>
  `pg_catalog.${name}(${args.join(', ')})`;

/** A text constant, compared byte by byte like every text of an expression. */
export const textConstant = (text: string): string => `(${literal(text).trim()}::pg_catalog.text collate "C")`;

/** A constant of a built-in type, from its text form. */
export const constant = (type: string, text: string): string => `${literal(text).trim()}::pg_catalog.${type}`;

export const numberConstant = (digits: string): string => constant('numeric', digits);

export const both = (parts: readonly string[]): string =>
  parts.length === 1 ? `${parts[0]}` : `(${parts.join(' and ')})`;
export const either = (parts: readonly string[]): string =>
  parts.length === 1 ? `${parts[0]}` : `(${parts.join(' or ')})`;

/**
 * NULL where the value lies outside of the open range. It reads the value once: GREATEST and LEAST pass over NULL, and
 * take NaN for the largest number.
 */
export const within = (value: string, low: string, high: string): string =>
  `nullif(least(nullif(greatest(${value}, ${low}), ${low}), ${high}), ${high})`;

export function builtInType(name: string): ColumnType {
  const base = { schema: 'pg_catalog', name, kind: 'b' };
  return { ...base, base };
}

export const columnOf = (alias: string, name: string): string => `${alias}.${ident(name)}`;
