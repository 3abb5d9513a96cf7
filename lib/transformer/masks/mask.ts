import type { MaskKind, MaskSpec } from '../../model/mask.ts';
import type { Column } from '../../model/table.ts';
import { Problem } from '../problem.ts';
import type { ExpressionEnv } from '../sql-expression.ts';

/** A masked column: `value` is SQL of its value, `text` of a text that is the same for values that are equal. */
export interface Masked {
  readonly column: Column;
  readonly value: string;
  readonly text: string;
  readonly env: ExpressionEnv;
}

export interface MaskSql {
  /** NULL for NULL, total, and of the column's type once it is cast to it. */
  readonly sql: string;
  /** It needs the key of the session. */
  readonly keyed?: true;
  /** SQL of a boolean, never NULL: this value cannot be masked; the key is looked at by the caller. */
  readonly failed?: string;
}

/** One way to replace values; throws `Problem` where it has no meaning for a column, or no room in it. */
export interface Mask<K extends MaskKind = MaskKind> {
  readonly kind: K;
  readonly summary: string;
  /** Types it is for, for people. */
  readonly types: string;
  /** What can still be told from the masked values, for people. */
  readonly tells: string;
  build(spec: Extract<MaskSpec, { kind: K }>, masked: Masked): MaskSql;
  /** Different values stay different, as far as 128 bits can tell. */
  injective(column: Column): boolean;
}

export const baseName = (c: Column): string => (c.type.base.schema === 'pg_catalog' ? c.type.base.name : '');

/** What stands in the parentheses of the declaration. */
export const modifiers = (c: Column): readonly number[] =>
  (/\(([\d, -]+)\)/.exec(c.declared)?.[1] ?? '').split(',').filter(Boolean).map(Number);

/** Types that a text of any kind can be put into, but for their length. */
export const isText = (c: Column): boolean => ['text', 'varchar', 'bpchar'].includes(baseName(c)) || isCitext(c);
const isCitext = ({ type }: Column) => type.base.name === 'citext' && type.base.schema !== 'pg_catalog';

/** Characters that the column has room for; Infinity without a limit. */
export function room(c: Column): number {
  const [limit] = modifiers(c);
  if (limit !== undefined) return limit;
  return baseName(c) === 'bpchar' && c.declared === 'character' ? 1 : Number.POSITIVE_INFINITY;
}

export const INTEGERS: Readonly<Record<string, string>> = {
  int2: '32767',
  int4: '2147483647',
  int8: '9223372036854775807',
};

export function refused(kind: string, c: Column): never {
  throw new Problem('mask_type', `${kind} has no meaning for ${c.declared}.`);
}

export function tight(kind: string, needs: number, c: Column): never {
  throw new Problem('mask_room', `${kind} needs ${needs} characters; ${c.declared} has fewer.`);
}
