import { conversion } from '../data-types/lattice.ts';
import type { Column } from '../model/table.ts';
import type { SqlExpression } from './sql-expression.ts';
import { builtInType } from './step.ts';

const INTEGER_RANGES: Readonly<Record<string, readonly [string, string]>> = {
  int2: ['-32768', '32767'],
  int4: ['-2147483648', '2147483647'],
  int8: ['-9223372036854775808', '9223372036854775807'],
};
const TEXTS = ['text', 'varchar', 'bpchar', 'citext'];

const builtIn = ({ base }: Column['type']) => (base.schema === 'pg_catalog' ? base.name : '');

/** An expression as a column of that type. */
export const asColumn = (name: string, e: SqlExpression): Column => ({
  name,
  type: e.type,
  declared: e.declared,
  notNull: !e.nullable,
  generated: false,
  identity: '',
  hasDefault: false,
});

/** How the source's server writes the target's type: a built-in one, with its modifier; of a domain what is behind it. */
export function sharedType(target: Column): Pick<SqlExpression, 'type' | 'declared'> | undefined {
  const name = builtIn(target.type);
  if (name === '') return undefined;
  if (target.type.kind === 'd') return { type: builtInType(name), declared: `pg_catalog.${name}` };
  return { type: target.type, declared: target.declared };
}

/** SQL that a value (not NULL) goes into the target's type exactly; undefined where nobody can say so. */
function exactly(v: string, from: string, target: Column): string | undefined {
  const to = builtIn(target.type);
  const range = INTEGER_RANGES[to];
  const numbers = ['int2', 'int4', 'int8', 'numeric'];
  if (range) {
    const [lo, hi] = range;
    // a float8 has no exact upper end of int8
    if (!numbers.includes(from) && !(from === 'float8' && to !== 'int8')) return undefined;
    const bounds = `${v} between (${lo}) and (${hi})`;
    return from.startsWith('int') ? bounds : `${bounds} and ${v} = pg_catalog.trunc(${v})`;
  }
  const [, first, second] = /\((\d+)(?:,(-?\d+))?\)/.exec(target.declared) ?? [];
  if (first === undefined) return undefined;
  if (to === 'numeric' && numbers.includes(from)) {
    const scale = Number(second ?? 0);
    const n = `(${v})::pg_catalog.numeric`;
    return `${n} = pg_catalog.round(${n}, ${scale}) and pg_catalog.abs(${n}) < 1e${Number(first) - scale}::pg_catalog.numeric`;
  }
  if ((to === 'varchar' || to === 'bpchar') && TEXTS.includes(from))
    return `pg_catalog.char_length((${v})::pg_catalog.text) <= ${first}`;
  return undefined;
}

/** An expression that may fail in one more way. */
export const orFails = (e: SqlExpression, failed: string): SqlExpression => ({
  ...e,
  nullable: true,
  failed: e.failed === undefined ? failed : `(${e.failed} or ${failed})`,
});

/**
 * The expression in the target's type, where that loses nothing: values that do not fit exactly count as not computable. What
 * it cannot bring there stays as it is, for the schema check to judge.
 */
export function fitted(e: SqlExpression, target: Column): { readonly expression: SqlExpression; readonly fits?: true } {
  const how = conversion(asColumn(target.name, e), target);
  const shared = sharedType(target);
  // the target itself refuses a row with a label it does not have
  if (target.type.base.kind === 'e' && TEXTS.includes(builtIn(e.type))) return { expression: e, fits: true };
  if (how === 'same' || !shared) return { expression: e };
  const cast = (sql: string) => `(${sql})::${shared.declared}`;
  if (how === 'widening') return { expression: { ...e, ...shared, sql: cast(e.sql) } };
  const test = exactly(`(${e.sql})`, builtIn(e.type), target);
  if (how !== 'lossy' || test === undefined) return { expression: e };
  const narrowed = { ...e, ...shared, sql: `(case when ${test} then ${cast(e.sql)} end)` };
  return { expression: orFails(narrowed, `coalesce(not (${test}), false)`) };
}
