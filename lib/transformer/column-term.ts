import type { Column } from '../model/table.ts';
import { columnOf } from './sql.ts';
import type { ExpressionEnv } from './sql-expression.ts';
import { MOST_BYTES, MOST_DIGITS } from './tame.ts';
import type { Digits, Term } from './term.ts';

type Known = Pick<Term, 'kind' | 'sql' | 'digits' | 'characters' | 'wild'>;

/** Digits of every value of an integer type. */
const INTEGERS: Readonly<Record<string, number>> = { int2: 5, int4: 10, int8: 19, oid: 10 };
const TIMES = ['date', 'timestamp', 'timestamptz'] as const;
/** Characters that a label or name has at most. */
const NAME_LENGTH = 63;
/** Characters of a UTF-8 text have at most so many bytes. */
const MOST_BYTES_OF_CHARACTER = 4;

const modifiers = (declared: string) => (/\(([\d, -]+)\)/.exec(declared)?.[1] ?? '').split(',').map(Number);

/** Of `numeric(p,s)`; beyond all bounds where nothing is declared. */
function declaredDigits(declared: string): Digits {
  if (!/\(\d/.test(declared)) return { whole: MOST_DIGITS + 1, scale: MOST_DIGITS + 1, integer: false };
  const [precision = 0, scale = 0] = modifiers(declared);
  return { whole: Math.max(1, precision - scale), scale: Math.max(0, scale), integer: false };
}

/** Texts as long as declared; one that may be longer than is computed with is wild. */
function textTerm(sql: string, limit: number | undefined): Known {
  const bounded = limit !== undefined && limit * MOST_BYTES_OF_CHARACTER <= MOST_BYTES;
  return { kind: 'text', sql, ...(bounded ? { characters: limit } : { characters: MOST_BYTES, wild: true }) };
}

/** What computing sees of a column's type; undefined: it can only be copied. */
function known(c: Column, at: string, env: ExpressionEnv): Known | undefined {
  const { schema, name, kind } = c.type.base;
  const asText = `(${at}::pg_catalog.text collate "C")`;
  const limit = /\(\d/.test(c.declared) ? modifiers(c.declared)[0] : undefined;
  if (kind === 'e') return textTerm(asText, NAME_LENGTH);
  if (schema !== 'pg_catalog') {
    if (name === 'citext') return textTerm(asText, undefined);
    return name === 'geometry' && schema === env.postgis ? { kind: 'geometry', sql: at } : undefined;
  }
  const whole = INTEGERS[name];
  if (whole !== undefined)
    return { kind: 'number', sql: integerSql(at, name), digits: { whole, scale: 0, integer: true } };
  if (name === 'numeric') return { kind: 'number', sql: at, digits: declaredDigits(c.declared), wild: true };
  // the decimal that it is written as: the cast to numeric would keep 15 digits
  if (name === 'float4' || name === 'float8')
    return {
      kind: 'number',
      sql: `(${at}::pg_catalog.text::pg_catalog.numeric)`,
      digits: declaredDigits(''),
      wild: true,
    };
  if (name === 'text') return textTerm(asText, undefined);
  if (name === 'varchar') return textTerm(asText, limit);
  if (name === 'bpchar') return textTerm(asText, limit ?? (c.declared === 'bpchar' ? undefined : 1));
  if (name === 'name') return textTerm(asText, NAME_LENGTH);
  if (name === 'bool') return { kind: 'bool', sql: at };
  if (name === 'json' || name === 'jsonb') return { kind: 'json', sql: at };
  if (name === 'interval') return { kind: 'interval', sql: at };
  const time = TIMES.find((t) => t === name);
  return time && { kind: time, sql: at, wild: true };
}

const integerSql = (at: string, name: string) =>
  name === 'oid' ? `(${at}::pg_catalog.int8::pg_catalog.numeric)` : `(${at}::pg_catalog.numeric)`;

/** A column of the source row. */
export function columnTerm(c: Column, env: ExpressionEnv): Term {
  const at = columnOf(env.alias, c.name);
  const what = known(c, at, env) ?? { kind: 'other', sql: at };
  return {
    ...what,
    nullable: !c.notNull,
    fallible: false,
    inputs: c.notNull ? [] : [at],
    as: { type: c.type, declared: c.declared, sql: at },
  };
}
