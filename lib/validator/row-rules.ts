import type { JobConfig } from '../model/config.ts';
import { writesBoth } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { near } from '../model/near.ts';
import { type RowRule, type RuleCheck, ruleField } from '../model/rule.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';
import { rules } from './rules/registry.ts';
import { type Rule, type RuleContext, RuleProblem, type ValueKind } from './rules/rule.ts';
import { keyOf } from './schema.ts';

const NUMBERS = ['int2', 'int4', 'int8', 'oid', 'numeric', 'float4', 'float8'];
const TEXTS = ['text', 'varchar', 'bpchar', 'name'];
const THEMSELVES = ['bool', 'date', 'timestamp', 'timestamptz'] as const;

/** What rules see of a column's type. */
export function kindOf({ type: { base } }: Column): ValueKind {
  if (base.kind === 'e' || base.name === 'citext') return 'text';
  if (base.schema !== 'pg_catalog') return base.name === 'geometry' ? 'geometry' : 'other';
  if (NUMBERS.includes(base.name)) return 'number';
  if (TEXTS.includes(base.name)) return 'text';
  return THEMSELVES.find((t) => t === base.name) ?? 'other';
}

type Found = { readonly check: RuleCheck } | { readonly problems: readonly Problem[] };

/** What is wrong with rules, before their conditions are compiled. */
const wrong = (field: string, message: string, more: Partial<Problem> = {}): Problem => ({
  code: 'rule_invalid',
  field,
  message,
  ...more,
});

function missing(table: Relation, columns: readonly string[], field: string): readonly Problem[] {
  const names = table.columns.map((c) => c.name);
  return columns.flatMap((c): Problem[] => {
    if (names.includes(c)) return [];
    const like = near(c, names);
    const object = `${relationText(table)}.${c}`;
    const message = `A rule looks at ${object}, and no such column arrives.`;
    return [{ code: 'column_not_found', object, field, message, ...(like && { hint: `Is it ${like}?` }) }];
  });
}

const contextOf = (table: Relation, now: Date): RuleContext => ({
  now,
  kindOf: (name) => {
    const found = table.columns.find((c) => c.name === name);
    return found ? kindOf(found) : 'other';
  },
});

function checkOf(table: Relation, given: RowRule, field: string, now: Date, known: readonly Rule[]): Found {
  const rule = known.find((r) => r.name === given.rule);
  if (!rule) return { problems: [wrong(field, `There is no rule ${given.rule}.`)] };
  const settings = given as never; // its own schema has read it
  const columns = rule.columns(settings);
  const unknown = missing(table, columns, field);
  if (unknown.length > 0) return { problems: unknown };
  const { severity, max_rows, max_percent } = given;
  const name = given.name ?? (columns.length > 0 ? `${rule.name}(${columns.join(', ')})` : undefined);
  if (name === undefined) return { problems: [wrong(field, 'A rule that names no column needs a name.')] };
  try {
    const made =
      'set' in rule ? { set: rule.set(settings) } : { condition: rule.condition(settings, contextOf(table, now)) };
    const limits = { ...(max_rows !== undefined && { max_rows }), ...(max_percent !== undefined && { max_percent }) };
    return { check: { name, rule: rule.name, severity, ...limits, columns, given, field, ...made } };
  } catch (error) {
    if (!(error instanceof RuleProblem)) throw error;
    return { problems: [wrong(field, `${relationText(table)}, ${name}: ${error.message}`)] };
  }
}

/** The rules of one table as they are to be compiled, and what is wrong with them. Pure. */
export function ruleChecks(
  table: Relation,
  config: JobConfig,
  now: Date,
  known: readonly Rule[] = rules,
): { readonly checks: readonly RuleCheck[]; readonly problems: readonly Problem[] } {
  const object = relationText(table);
  const found = (config.rules[object] ?? []).map((r, i) => checkOf(table, r, ruleField(object, i), now, known));
  const checks = found.flatMap((f) => ('check' in f ? [f.check] : []));
  const problems = found.flatMap((f) => ('problems' in f ? f.problems : []));
  const twice = checks.filter((c, i) => checks.findIndex((o) => o.name === c.name) < i);
  const field = ruleField(object);
  return {
    checks,
    problems: [
      ...problems,
      ...twice.map((c) => wrong(c.field, `Two rules of ${object} are called ${c.name}.`, { hint: 'Give one a name.' })),
      ...(writesBoth(config)
        ? [wrong(field, 'Rules look at rows on their way to the target; a job in both directions has none.')]
        : []),
      ...(keyOf(table, config) === undefined
        ? [wrong(field, `${object} has no key, so a row that does not pass could not be named.`, { object })]
        : []),
    ],
  };
}
