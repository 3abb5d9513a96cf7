import { dataTypeOf } from '../data-types/registry.ts';
import type { MaskSpec } from '../model/mask.ts';
import { ident } from '../model/quote.ts';
import type { Column } from '../model/table.ts';
import { NO_KEY } from './mask-key.ts';
import type { Mask } from './masks/mask.ts';
import { masks } from './masks/registry.ts';
import { caught } from './problem.ts';
import { builtInType, call, columnOf } from './sql.ts';
import type { Compiled, ExpressionEnv, SqlExpression } from './sql-expression.ts';
import { unless } from './term.ts';

export { MASK_KEY_SETTING } from '../model/mask.ts';

/** Longer values are not hashed: what is computed on the way would be longer than any value may be. */
const MOST_BYTES = 100_000_000;

/**
 * SQL of the masked value of a column, of the column's own type (of a domain: the type behind it) and within its
 * declaration. What cannot be masked that way is refused here. `failed` is then true for every row with a value while the
 * session has no key.
 */
export function compileMask(spec: MaskSpec, column: Column, env: ExpressionEnv): Compiled {
  return caught(() => masked(spec, withoutDomain(column), env));
}

/** Different values stay different, as far as 128 bits can tell: what a mask on a unique or key column must be. */
export function isInjective(spec: MaskSpec, column: Column): boolean {
  if (spec.kind === 'fake' && spec.as !== 'email') return false;
  return masks[spec.kind].injective(withoutDomain(column));
}

/** A domain's own checks would make a cast fail; the target makes them when the row is written. */
function withoutDomain(c: Column): Column {
  if (c.type.kind !== 'd') return c;
  const { base } = c.type;
  const declared = `${ident(base.schema)}.${ident(base.name)}`;
  return { ...c, declared, type: base.schema === 'pg_catalog' ? builtInType(base.name) : { ...base, base } };
}

function masked(spec: MaskSpec, column: Column, env: ExpressionEnv): SqlExpression {
  const value = columnOf(env.alias, column.name);
  const { base } = column.type;
  const handler = dataTypeOf(column.type);
  // values that are equal, or one to a unique index, must become equal
  const text = `((${(handler.identity ?? handler.canonical)(value, base)})::pg_catalog.text collate "C")`;
  const mask = masks[spec.kind] as Mask;
  const made = mask.build(spec, { column, value, text, env });
  const long = made.keyed && ['text', 'varchar', 'bytea', 'citext'].includes(base.name);
  const size = base.name === 'bytea' ? value : `${value}::pg_catalog.text`;
  const reasons = [
    ...(made.keyed ? [NO_KEY] : []),
    ...(long ? [`${call('octet_length', size)} > ${MOST_BYTES}`] : []),
    ...(made.failed ? [made.failed] : []),
  ];
  const failed = reasons.length === 0 ? undefined : `(${value} is not null and (${reasons.join(' or ')}) is true)`;
  return {
    type: column.type,
    declared: column.declared,
    nullable: !column.notNull || failed !== undefined || spec.kind === 'null',
    sql: `(${unless(failed, made.sql)})::${column.declared}`,
    ...(failed !== undefined && { failed }),
  };
}
