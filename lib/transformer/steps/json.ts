import { literal } from '../../model/quote.ts';
import { fitted } from '../fit.ts';
import { parsed } from '../parse-text.ts';
import { sourceColumn } from '../source-column.ts';
import type { SqlExpression } from '../sql-expression.ts';
import { builtInType, refused, type StepResult, type TransformStep } from '../step.ts';

const JSONB = { type: builtInType('jsonb'), declared: 'jsonb' } as const;

/** A json text may hold the escape of a character that no PostgreSQL text has; taken apart, it would raise an error. */
const unreadable = (sql: string) => `coalesce(${sql}::pg_catalog.text ~ '\\\\u0000', false)`;

/** A value out of a json column. */
export const jsonPath: TransformStep<'json_path'> = {
  summary: 'A value out of a json or jsonb column, by its keys and positions.',
  make(source, context): StepResult {
    const column = sourceColumn(source.column, context);
    if ('missing' in column) return column.missing;
    const { type, sql: at } = column.expression;
    const json = type.base.schema === 'pg_catalog' && type.base.name === 'json';
    if (!json && !(type.base.schema === 'pg_catalog' && type.base.name === 'jsonb'))
      return refused('mapping_invalid', `${source.column} is ${column.column.declared}, which has no path.`);
    const { target } = context;
    const path = `array[${source.json_path.map((p) => literal(String(p))).join(', ')}]::pg_catalog.text[]`;
    const bad = json ? unreadable(at) : undefined;
    const safe = (sql: string) => (bad === undefined ? sql : `(case when not ${bad} then ${sql} end)`);
    const fails = bad === undefined ? {} : { failed: bad };
    const wantsJson = ['json', 'jsonb'].includes(target.type.base.name) && target.type.base.schema === 'pg_catalog';
    if (wantsJson) {
      const sql = safe(`(${at}::pg_catalog.jsonb #> ${path})`);
      return fitted({ ...JSONB, nullable: true, sql, ...fails }, target);
    }
    const text: SqlExpression = {
      type: builtInType('text'),
      declared: 'text',
      nullable: true,
      sql: safe(`(${at} #>> ${path})`),
      ...fails,
    };
    const expression = parsed(text, target);
    if (!expression)
      return refused('mapping_invalid', `A value of json cannot be read as ${target.declared}.`, {
        hint: 'Take it as text, or use an expression.',
      });
    return fitted(expression, target);
  },
};

/** A json object of columns. Times in it are ISO 8601 in UTC, numbers keep their digits. */
export const jsonObject: TransformStep<'json_object'> = {
  summary: 'A jsonb object of source columns, by key.',
  make(source, context) {
    const columns = Object.entries(source.json_object).map(
      ([key, name]) => [key, sourceColumn(name, context)] as const,
    );
    const missing = columns.flatMap(([, c]) => ('missing' in c ? [c.missing] : []));
    const problems = missing.flatMap((m) => (m !== 'left' && 'problems' in m ? m.problems : []));
    if (problems.length > 0) return { problems };
    const texts = columns.flatMap(([, c]) =>
      'column' in c && c.column.type.base.name === 'json' ? [unreadable(c.expression.sql)] : [],
    );
    const bad = texts.length > 0 ? `(${texts.join(' or ')})` : undefined;
    const parts = columns.flatMap(([key, c]) => ('expression' in c ? [`${literal(key)}, ${c.expression.sql}`] : []));
    // a function call takes 100 arguments
    const objects = Array.from({ length: Math.ceil(parts.length / 40) }, (_, i) => parts.slice(i * 40, (i + 1) * 40));
    const built =
      objects.map((o) => `pg_catalog.jsonb_build_object(${o.join(', ')})`).join(' || ') || `'{}'::pg_catalog.jsonb`;
    const sql = bad === undefined ? `(${built})` : `(case when not ${bad} then ${built} end)`;
    return fitted(
      { ...JSONB, nullable: bad !== undefined, sql, ...(bad !== undefined && { failed: bad }) },
      context.target,
    );
  },
};
