import { Problem } from './problem.ts';
import { builtInType } from './sql.ts';
import type { SqlExpression } from './sql-expression.ts';
import { closed, type Kind, type Term } from './term.ts';

/** Digits that every value of an integer type can have. */
const INT4_DIGITS = 9;
const INT8_DIGITS = 18;
/** Of numeric(p,s). */
const MOST_PRECISION = 1000;
/** A scale beyond this says nothing but that a quotient may have many places. */
const MOST_DECLARED_SCALE = 100;
/** Of varchar(n); longer is text. */
const MOST_DECLARED_CHARACTERS = 10_000;

interface Declared {
  readonly name: string;
  readonly declared: string;
}

function ofNumber({ digits, wild }: Term): Declared {
  const { whole, scale, integer } = digits ?? { whole: MOST_PRECISION, scale: 0, integer: false };
  if (integer && !wild && whole <= INT4_DIGITS) return { name: 'int4', declared: 'integer' };
  if (integer && !wild && whole <= INT8_DIGITS) return { name: 'int8', declared: 'bigint' };
  const bounded = !wild && scale <= MOST_DECLARED_SCALE && whole + scale <= MOST_PRECISION;
  return { name: 'numeric', declared: bounded ? `numeric(${whole + scale},${scale})` : 'numeric' };
}

function ofText({ characters, wild }: Term): Declared {
  const bounded = !wild && characters !== undefined && characters <= MOST_DECLARED_CHARACTERS;
  return bounded
    ? { name: 'varchar', declared: `character varying(${Math.max(1, characters)})` }
    : { name: 'text', declared: 'text' };
}

const DECLARED: Readonly<Partial<Record<Kind, string>>> = {
  bool: 'boolean',
  date: 'date',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  interval: 'interval',
};

function declaredOf(term: Term): Declared {
  if (term.kind === 'number') return ofNumber(term);
  if (term.kind === 'text') return ofText(term);
  const declared = DECLARED[term.kind];
  if (!declared) throw new Problem('expression_type', 'The expression has no type: it is always NULL.', 0);
  return { name: term.kind, declared };
}

/** What the whole expression is, in the narrowest type that holds every value it can have. */
export function outermost(term: Term): SqlExpression {
  const { failed, nullable } = closed(term);
  const common = { nullable: nullable || failed !== undefined, ...(failed !== undefined && { failed }) };
  if (term.as) return { ...common, ...term.as };
  const { name, declared } = declaredOf(term);
  return { ...common, type: builtInType(name), declared, sql: `${term.sql}::${castTo(name, declared)}` };
}

function castTo(name: string, declared: string): string {
  const modifier = /\(.*\)/.exec(declared)?.[0] ?? '';
  return `pg_catalog.${name}${modifier}`;
}
