import { literal } from '../model/quote.ts';
import type { Column } from '../model/table.ts';
import { fitted, orFails } from './fit.ts';
import { textSql } from './source-column.ts';
import type { SqlExpression } from './sql-expression.ts';
import { type Made, refused, type StepResult } from './step.ts';

/** What becomes of a value that the dictionary does not know. */
export type Otherwise = 'null' | 'keep' | 'reject';

/** Where values of the dictionary come from: their type, and how the source's server writes it. */
export interface Entries {
  readonly pairs: readonly (readonly [string, string | null])[];
  readonly value: Pick<SqlExpression, 'type' | 'declared'>;
}

const same = (a: SqlExpression, b: SqlExpression) => a.declared === b.declared && a.type.name === b.type.name;

/**
 * SQL that looks a column up in a dictionary, which stands in the statement as one jsonb constant: parsed once per statement,
 * searched in the logarithm of its size. A NULL of the source stays NULL.
 */
export function looked(
  key: SqlExpression,
  { pairs, value }: Entries,
  target: Column,
  otherwise: Otherwise,
): Made | StepResult {
  const dictionary = `${literal(JSON.stringify(Object.fromEntries(pairs)))}::pg_catalog.jsonb`;
  const at = textSql(key.sql);
  const knows = `pg_catalog.jsonb_exists(${dictionary}, ${at})`;
  const found = fitted({ ...value, nullable: true, sql: `((${dictionary}) ->> ${at})::${value.declared}` }, target);
  if (otherwise === 'null') return found;
  if (otherwise === 'reject')
    return { ...found, expression: orFails(found.expression, `coalesce(not ${knows}, false)`) };
  const own = fitted(target.type.base.kind === 'e' ? { ...key, ...value, sql: at } : key, target);
  if (!same(own.expression, found.expression)) {
    const message = `otherwise "keep" needs values that are of the target's type (${target.declared}) as they are.`;
    return refused('mapping_invalid', message);
  }
  const sql = `(case when ${knows} then ${found.expression.sql} else ${own.expression.sql} end)`;
  const made = { ...found, expression: { ...found.expression, sql } };
  const fails = [found.expression.failed, own.expression.failed].filter((f) => f !== undefined);
  if (fails.length === 0) return made;
  const [yes = 'false', no = 'false'] = [found.expression.failed, own.expression.failed];
  const { failed: _, ...rest } = made.expression;
  return { ...made, expression: orFails(rest, `coalesce(case when ${knows} then ${yes} else ${no} end, false)`) };
}
