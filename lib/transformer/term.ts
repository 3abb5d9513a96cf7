import { Problem } from './problem.ts';
import { both, either } from './sql.ts';
import type { SqlExpression } from './sql-expression.ts';

/** Kinds of values that expressions tell apart. `other`: types that can be copied and asked for NULL. */
export type Kind =
  | 'number'
  | 'text'
  | 'bool'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'json'
  | 'geometry'
  | 'null'
  | 'other';

/** At most so many digits before and after the point. `integer`: it is of CEL's type int. */
export interface Digits {
  readonly whole: number;
  readonly scale: number;
  readonly integer: boolean;
}

/**
 * A part of an expression as SQL, with what is known of its values.
 *
 * Every part is total by itself, so it does not matter what PostgreSQL evaluates first, or folds when it plans. What cannot
 * be computed is NULL, and a NULL is a failure where no `input` is NULL: so a whole region of strict operations is asked
 * once whether it failed. Operations that make something of NULL end a region: `closed`.
 */
export interface Term {
  readonly kind: Kind;
  readonly sql: string;
  readonly nullable: boolean;
  /** NULL although no input is: it could not be computed. */
  readonly fallible: boolean;
  /** SQL of nullable values whose NULL makes this one NULL. */
  readonly inputs: readonly string[];
  /** SQL of a boolean, never NULL: an ended region below failed. `sql` is NULL then. */
  readonly failed?: string;
  readonly digits?: Digits;
  /** Of a text: characters at most. */
  readonly characters?: number;
  /** It may hold what cannot be computed with (NaN, infinity, a megabyte); `tame` leaves those out. */
  readonly wild?: true;
  /** Written out in the expression, as text. */
  readonly constant?: string;
  /** The value as the outermost one: a column as it is declared. */
  readonly as?: Pick<SqlExpression, 'type' | 'declared' | 'sql'>;
}

/** What a strict operation adds to its arguments. */
export interface Made {
  readonly kind: Kind;
  /** NULL where an argument is; NULL also where it cannot be computed, if `fails`. */
  readonly sql: string;
  readonly fails?: boolean;
  /** Where NULL is also an answer: SQL of a boolean, never NULL, that says whether it could not be computed. */
  readonly failed?: string;
  readonly wild?: true;
  readonly digits?: Digits;
  readonly characters?: number;
  readonly constant?: string;
  readonly as?: NonNullable<Term['as']>;
}

/** Longer SQL costs the planner more than the rows are worth. */
export const MOST_SQL = 100_000;
/** Digits and characters that no operation may pass: far inside of what numeric (131,072) and text (1 GB) can hold. */
const MOST_WHOLE = 20_000;
const MOST_SCALE = 10_000;
export const MOST_CHARACTERS = 16_000_000;

/** Refuses what might outgrow PostgreSQL's limits, which no row may find out. */
export function sized(term: Term, at: number): Term {
  const digits = term.digits;
  if (digits && (digits.whole > MOST_WHOLE || digits.scale > MOST_SCALE))
    throw new Problem('expression_size', 'This number can become too long.', at, 'Round the factors with round(x, n).');
  if ((term.characters ?? 0) > MOST_CHARACTERS)
    throw new Problem('expression_size', 'This text can become too long.', at, 'Cut it first: substring(x, 0, 100).');
  if (term.sql.length + (term.failed?.length ?? 0) > MOST_SQL)
    throw new Problem('expression_size', 'The SQL of this part becomes too long.', at, 'Split the expression.');
  return term;
}

const anyOf = (terms: readonly Term[]): string | undefined => {
  const parts = terms.flatMap((t) => t.failed ?? []);
  return parts.length === 0 ? undefined : either([...new Set(parts)]);
};

/** The result of an operation that gives NULL for NULL. */
export function strict(made: Made, args: readonly Term[]): Term {
  if (made.failed !== undefined) return free(made, true, args.map(closed), made.failed);
  const fallible = made.fails === true || args.some((a) => a.fallible);
  const failed = anyOf(args);
  const { fails: _, failed: __, ...rest } = made;
  return {
    ...rest,
    fallible,
    nullable: fallible || args.some((a) => a.nullable),
    inputs: [...new Set(args.flatMap((a) => a.inputs))],
    ...(failed && { failed }),
  };
}

/** The same value with its failures told apart from its NULLs. */
export function closed(term: Term): Term {
  const inputs = term.nullable ? [term.sql] : [];
  if (!term.fallible) return { ...term, inputs };
  const own = both([...term.inputs.map((i) => `${i} is not null`), `${term.sql} is null`]);
  return { ...term, inputs, fallible: false, failed: term.failed ? either([term.failed, own]) : own };
}

/** The result of an operation that makes something of NULL; the arguments have been closed, and count as failures. */
export function free(made: Made, nullable: boolean, args: readonly Term[], own?: string): Term {
  const failures = [anyOf(args), own].filter((f) => f !== undefined);
  const failed = failures.length === 0 ? undefined : either(failures);
  const { failed: _, fails: __, ...rest } = made;
  return { ...rest, nullable, fallible: false, inputs: nullable ? [made.sql] : [], ...(failed && { failed }) };
}

/** The value where nothing failed, else NULL. */
export const unless = (failed: string | undefined, sql: string): string =>
  failed === undefined ? sql : `(case when not ${failed} then ${sql} end)`;
