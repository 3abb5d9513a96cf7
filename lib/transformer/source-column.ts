import { near } from '../model/near.ts';
import { ident } from '../model/quote.ts';
import { type Column, relationText } from '../model/table.ts';
import type { SqlExpression } from './sql-expression.ts';
import { refused, type StepContext, type StepResult } from './step.ts';

/** A column of the source as an expression. */
export function columnExpression(column: Column, alias: string): SqlExpression {
  const { type, declared, notNull, name } = column;
  return { type, declared, nullable: !notNull, sql: `${alias}.${ident(name)}` };
}

/** The source column of this name, or what to answer where there is none. */
export function sourceColumn(
  name: string,
  { env, source }: StepContext,
): { readonly column: Column; readonly expression: SqlExpression } | { readonly missing: StepResult } {
  const column = env.columns.find((c) => c.name === name);
  if (column) return { column, expression: columnExpression(column, env.alias) };
  const message = `The source table ${relationText(source)} has no column ${name}.`;
  const like = near(
    name,
    env.columns.map((c) => c.name),
  );
  const hint = like && { hint: `Did you mean ${like}?` };
  const object = `${relationText(source)}.${name}`;
  return { missing: refused('column_not_found', message, { side: 'source', object, ...hint }) };
}

/** SQL of a value's text; of NULL it is NULL. */
export const textSql = (sql: string): string => `${sql}::pg_catalog.text`;
