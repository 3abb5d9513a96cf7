import type { ExpressionEnv } from '../sql-expression.ts';
import type { Digits, Kind, Made, Term } from '../term.ts';

/** What a function takes at one place. */
export interface Parameter {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** It must be written out in the expression. */
  readonly constant?: true;
  /** A whole number. */
  readonly integer?: true;
}

/**
 * A function of the language: a step from SQL expressions to one.
 *
 * `build` gets the arguments as SQL that is total, and of the kinds it asked for; what it returns must be total as well. It
 * gives NULL for a NULL argument, and NULL where it cannot compute a value (`fails`): the row is marked by whoever calls.
 * An argument that stands in the SQL more than once makes long expressions longer still, so let it stand once.
 */
export interface ExpressionFunction {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** How many of the parameters, from the left, must be given; default: all. */
  readonly required?: number;
  /** The last parameter may be given again and again. */
  readonly repeats?: true;
  /** Expressions over no column with the text of their values; NULL is null. Documentation, and executed by a test. */
  readonly examples: readonly (readonly [expression: string, value: string | null])[];
  build(args: readonly Term[], env: ExpressionEnv): Made;
}

const parameter = (name: string, ...kinds: readonly Kind[]): Parameter => ({ name, kinds });

export const aText = (name: string): Parameter => parameter(name, 'text');
export const aNumber = (name: string): Parameter => parameter(name, 'number');
export const aCount = (name: string): Parameter => ({ name, kinds: ['number'], integer: true });
export const aTime = (name: string): Parameter => parameter(name, 'date', 'timestamp', 'timestamptz');
export const aGeometry = (name: string): Parameter => parameter(name, 'geometry');
export const written = (of: Parameter): Parameter => ({ ...of, constant: true });

/** Digits of a whole number of at most so many. */
export const whole = (digits: number): Digits => ({ whole: digits, scale: 0, integer: true });

/** Digits of counts within a text or a shape. */
export const COUNT_DIGITS = whole(9);

/** SQL of an int4 from a whole number, brought between the two; NULL stays NULL. */
export function int4(term: Term, low: number, high: number): string {
  if (term.constant !== undefined) return String(Math.min(high, Math.max(low, Number(term.constant))));
  const { sql } = term;
  return `(case when ${sql} < ${low} then ${low} when ${sql} > ${high} then ${high} else ${sql} end)::pg_catalog.int4`;
}
