import type pg from 'pg';
import type { Column } from '../../../lib/model/table.ts';
import { compileExpression } from '../../../lib/transformer/compile-expression.ts';
import type { ExpressionEnv, SqlExpression } from '../../../lib/transformer/sql-expression.ts';

/** Settings that a session of the engine pins. */
export const PINS = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601';
  set extra_float_digits = 3; set bytea_output = 'hex'; set search_path = ''; set jit = off;
  set max_parallel_workers_per_gather = 0`;

/** Columns of a table as the catalog declares them. */
export async function columnsOf(client: pg.Client, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query(
    `select a.attname, n.nspname, t.typname, t.typtype, pg_catalog.format_type(a.atttypid, a.atttypmod) as declared, a.attnotnull
     from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
       join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where a.attrelid = $1::pg_catalog.regclass and a.attnum > 0 order by a.attnum`,
    [table],
  );
  return rows.map((r) => {
    const base = { schema: r.nspname, name: r.typname, kind: r.typtype };
    const notNull = r.attnotnull === 't' || r.attnotnull === true;
    return {
      name: r.attname,
      type: { ...base, base },
      declared: r.declared,
      notNull,
      generated: false,
      identity: '',
      hasDefault: false,
    };
  });
}

export const envOf = (columns: readonly Column[], postgis?: string): ExpressionEnv => ({
  columns,
  alias: 't',
  serverVersion: 180000,
  ...(postgis !== undefined && { postgis }),
});

/** The SQL of an expression that must compile. */
export function compiled(text: string, env: ExpressionEnv): SqlExpression {
  const result = compileExpression(text, env);
  if (!('ok' in result)) throw new Error(`${text}: ${JSON.stringify(result.problems)}`);
  return result.ok;
}

/** Value and failure of an expression for every row of a relation, in order; both as text. */
export async function answers(
  client: pg.Client,
  e: SqlExpression,
  from: string,
): Promise<readonly [string | null, boolean, string][]> {
  const { rows } = await client.query(
    `select (${e.sql})::pg_catalog.text as value, (${e.failed ?? 'false'})::pg_catalog.text as failed,
       pg_catalog.format_type(pg_catalog.pg_typeof(${e.sql})::pg_catalog.oid, null) as type from ${from}`,
  );
  return rows.map((r) => [r.value, r.failed === 'true', r.type]);
}
