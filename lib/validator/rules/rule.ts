import type * as z from 'zod';
import type { SetRule } from '../../model/rule.ts';

/** What rules tell apart of a column's type. */
export type ValueKind = 'number' | 'text' | 'bool' | 'date' | 'timestamp' | 'timestamptz' | 'geometry' | 'other';

/** What a rule may look at while it is compiled. */
export interface RuleContext {
  kindOf(column: string): ValueKind;
  /** When the job is prepared. */
  readonly now: Date;
}

/** Rows to try a rule on: executed by the contract suite on a table of these columns, and shown in docs/rules.md. */
export interface RuleExample {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Columns beside the key `id`, as CREATE TABLE has them. */
  readonly columns: string;
  /** Values of the columns, in SQL, of rows that pass and of rows that do not. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
  /** Statements on the target before the job: its own rows and tables. */
  readonly target?: string;
  readonly postgis?: true;
}

interface RuleBase<Settings> {
  readonly name: string;
  /** One sentence, for docs and the API. */
  readonly summary: string;
  /** Its own fields, beside those of every rule. */
  readonly settings: z.ZodRawShape;
  /** The columns that it names; each is looked up before anything else is asked. */
  columns(settings: Settings): readonly string[];
  /** At least one. */
  readonly examples: readonly RuleExample[];
}

/**
 * A rule over one row: a condition in CEL (docs/expressions.md) over the row as it arrives, after the mapping. False: the row
 * does not pass; so does one for which it cannot be computed. NULL passes, as with a CHECK of PostgreSQL. Throws `RuleProblem`.
 */
export interface RowRuleKind<Settings = never> extends RuleBase<Settings> {
  condition(settings: Settings, context: RuleContext): string;
}

/** A rule over many rows. */
export interface SetRuleKind<Settings = never> extends RuleBase<Settings> {
  set(settings: Settings): SetRule;
}

export type Rule<Settings = never> = RowRuleKind<Settings> | SetRuleKind<Settings>;

/** What is wrong with the settings of a rule, in words for its author. */
export class RuleProblem extends Error {}

/** A column in an expression, whatever its name. */
export const column = (name: string): string => `row[${JSON.stringify(name)}]`;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[-+]\d{2}:\d{2})$/;

/** A day or instant that there is: the calendar of JavaScript takes the 30th of February for the 1st of March. */
function isTime(text: string, form: RegExp): boolean {
  const day = text.slice(0, 10);
  const found = new Date(`${day}T00:00:00Z`);
  return (
    form.test(text) && !Number.isNaN(found.getTime()) && found.toISOString().startsWith(day) && !/T2[4-9]/.test(text)
  );
}

/** A value of the config as an expression of the kind of the column that it is compared with. Throws `RuleProblem`. */
export function literal(value: unknown, kind: ValueKind, what: string): string {
  const wrong = (expected: string) => new RuleProblem(`${what} is compared with ${expected}.`);
  if (kind === 'number') {
    const text = String(value);
    if (typeof value === 'boolean' || !/^-?\d{1,500}(\.\d{1,500})?(e[-+]?\d{1,3})?$/i.test(text))
      throw wrong('a number');
    return text;
  }
  if (kind === 'bool') {
    if (typeof value !== 'boolean') throw wrong('true or false');
    return String(value);
  }
  if (typeof value !== 'string') throw wrong(kind === 'text' ? 'a text' : `a ${kind}, written as a text`);
  if (kind === 'date') {
    if (!isTime(value, DAY)) throw wrong('a date such as 2026-01-31');
    return `date(${JSON.stringify(value)})`;
  }
  if (kind === 'timestamp' || kind === 'timestamptz') {
    const text = DAY.test(value) ? `${value}T00:00:00Z` : value;
    if (!isTime(text, INSTANT)) throw wrong('a date, or an instant such as 2026-01-31T12:00:00Z');
    return `timestamp(${JSON.stringify(text)})`;
  }
  return JSON.stringify(value);
}

/** A column in the form that `literal` compares it in: a time without zone as UTC, types without order by their text. */
export function compared(name: string, { kindOf }: RuleContext): string {
  const kind = kindOf(name);
  if (kind === 'timestamp') return `timestamp(${column(name)})`;
  if (kind === 'geometry') throw new RuleProblem(`${name} is a geometry; use the rule geometry.`);
  return kind === 'other' ? `string(${column(name)})` : column(name);
}

/** The text of a column. */
export function textOf(name: string, { kindOf }: RuleContext): string {
  if (kindOf(name) === 'geometry') throw new RuleProblem(`${name} is a geometry; use the rule geometry.`);
  return kindOf(name) === 'text' ? column(name) : `string(${column(name)})`;
}

/** All of the conditions. Throws `RuleProblem` where there is none. */
export function all(conditions: readonly (string | false)[], otherwise: string): string {
  const some = conditions.filter((c) => c !== false);
  if (some.length === 0) throw new RuleProblem(otherwise);
  return some.map((c) => `(${c})`).join(' && ');
}

/** Types a rule; does nothing at run time. */
export const defineRule = <Settings>(rule: Rule<Settings>): Rule<Settings> => rule;
