import type { Column } from '../model/table.ts';
import { fitted } from './fit.ts';
import type { SqlExpression } from './sql-expression.ts';
import { builtInType } from './step.ts';

const DAY = '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$';
const NUMBER = '^[+-]?[0-9]{1,100}([.][0-9]{1,100})?([eE][+-]?[0-9]{1,2})?$';

const part = (v: string, from: number, n: number) => `pg_catalog.substr(${v}, ${from}, ${n})::pg_catalog.int4`;

/** SQL that the day of a text that looks like one is in its month. */
const isDay = (v: string) => {
  const first = `pg_catalog.make_date(${part(v, 1, 4)}, ${part(v, 6, 2)}, 1)`;
  const length = `extract(day from ${first} + '1 mon'::pg_catalog.interval - '1 day'::pg_catalog.interval)`;
  return `(${v} ~ '${DAY}' and case when ${v} ~ '${DAY}' and ${v} !~ '^0000' then ${part(v, 9, 2)} <= ${length} else false end)`;
};

/** What a text must look like to be read as a type, as SQL, and the type it is read as. */
const READABLE: Readonly<Record<string, readonly [looks: (v: string) => string, as: string]>> = {
  int2: [(v) => `${v} ~ '^[+-]?[0-9]{1,18}$'`, 'int8'],
  int4: [(v) => `${v} ~ '^[+-]?[0-9]{1,18}$'`, 'int8'],
  int8: [(v) => `${v} ~ '^[+-]?[0-9]{1,100}$'`, 'numeric'],
  numeric: [(v) => `${v} ~ '${NUMBER}'`, 'numeric'],
  float8: [(v) => `${v} ~ '${NUMBER}'`, 'float8'],
  bool: [(v) => `${v} in ('true', 'false')`, 'bool'],
  uuid: [(v) => `${v} ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'`, 'uuid'],
  date: [isDay, 'date'],
};

/**
 * A text read as the target's type; undefined for types that no test makes safe to read. Whole numbers, decimals, true and
 * false, UUIDs and ISO dates; texts and labels stay texts.
 */
export function parsed(text: SqlExpression, target: Column): SqlExpression | undefined {
  const { base } = target.type;
  if (base.kind === 'e') return text;
  if (base.schema !== 'pg_catalog') return undefined;
  if (['text', 'varchar', 'bpchar'].includes(base.name)) return text;
  const [looks, as] = READABLE[base.name] ?? [];
  if (!looks || !as) return undefined;
  const v = `(${text.sql})`;
  const read: SqlExpression = {
    type: builtInType(as),
    declared: { int8: 'bigint', bool: 'boolean', float8: 'double precision' }[as] ?? as,
    nullable: true,
    sql: `(case when ${looks(v)} then ${v}::pg_catalog.${as} end)`,
    failed: `${text.failed === undefined ? '' : `${text.failed} or `}coalesce(not (${looks(v)}), false)`,
  };
  return fitted({ ...read, failed: `(${read.failed})` }, target).expression;
}
