import type { MaskSpec } from '../model/mask.ts';
import type { Column } from '../model/table.ts';
import type { Compiled, ExpressionEnv } from './sql-expression.ts';

/** The setting of a session that holds the key of all masks; empty or absent: no value can be masked, and rows fail. */
export const MASK_KEY_SETTING = 'tfsync.mask_key';

/**
 * SQL of the masked value of a column, of the column's own type and within its declaration. What cannot be masked that way
 * is refused here. `failed` is then true for every row with a value while the session has no key.
 */
export function compileMask(_spec: MaskSpec, _column: Column, _env: ExpressionEnv): Compiled {
  return { problems: [{ code: 'mask_type', message: 'No mask is understood yet.' }] };
}

/** Different values stay different, as far as 128 bits can tell: what a mask on a unique or key column must be. */
export function isInjective(_spec: MaskSpec, _column: Column): boolean {
  return false;
}
