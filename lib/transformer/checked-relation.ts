import { createHash } from 'node:crypto';
import type { Problem } from '../model/errors.ts';
import type { Fallible, PlannedSelect } from '../model/planned-select.ts';
import { ident } from '../model/quote.ts';
import type { CompiledRule, RuleCheck } from '../model/rule.ts';
import { type Relation, relationText } from '../model/table.ts';
import { compileExpression } from './compile-expression.ts';
import type { ExpressionEnv } from './sql-expression.ts';
import { SOURCE } from './step.ts';
import { told } from './steps/expression.ts';

type Facts = Pick<ExpressionEnv, 'postgis' | 'serverVersion'>;

/** SQL of each column as it arrives, by its name in the target. */
const sqlOf = ({ mapped, columns }: Relation): Readonly<Record<string, string>> =>
  mapped?.sql ?? Object.fromEntries(columns.map((c) => [c.name, `${SOURCE}.${ident(c.name)}`]));

/** A table that is selected as it is. */
function plainSelect({ columns }: Relation): PlannedSelect {
  return {
    list: columns.map((c) => `${SOURCE}.${ident(c.name)} as ${ident(c.name)}`).join(', '),
    plain: Object.fromEntries(columns.map((c) => [c.name, c.name])),
    fallible: [],
    indexed: true,
    notes: [],
  };
}

/** SQL, never NULL, that the condition does not hold or could not be computed; NULL holds. */
function compiled(
  check: RuleCheck,
  env: ExpressionEnv,
  table: string,
): CompiledRule | { problems: readonly Problem[] } {
  if (check.condition === undefined) return check;
  const what = `${table}, rule ${check.name}`;
  const { field } = check;
  const made = compileExpression(check.condition, env);
  if ('problems' in made) return { problems: made.problems.map((p) => ({ ...told('rule_invalid', what)(p), field })) };
  const { sql, failed, type } = made.ok;
  if (type.base.name !== 'bool')
    return { problems: [{ code: 'rule_invalid', field, message: `${what}: the condition is no truth value.` }] };
  const no = `coalesce(not ${sql}, false)`;
  return { ...check, violated: failed === undefined ? no : `(${failed} or ${no})` };
}

/** The marks of a select with those of rules behind them; those that stop the job come first. */
export function marked(
  select: PlannedSelect,
  rules: readonly Pick<CompiledRule, 'name' | 'severity' | 'violated'>[],
): PlannedSelect {
  const of = (severity: string) => rules.filter((r) => r.severity === severity && r.violated !== undefined);
  const own = [...of('stop'), ...of('reject')];
  if (own.length === 0) return select;
  const codes = { stop: 'rule_stopped', reject: 'rule_rejected', warn: 'rule_rejected' } as const;
  const from = select.fallible.length;
  const cases = own.map((r, i) => `when ${r.violated} then ${from + i + 1}`);
  const mark = `case ${cases.join(' ')} end`;
  const fallible = own.map((r): Fallible => ({ column: r.name, code: codes[r.severity] }));
  return {
    ...select,
    fallible: [...select.fallible, ...fallible],
    mark: select.mark === undefined ? mark : `coalesce(${select.mark}, ${mark})`,
  };
}

/** A source table with its rules compiled, and what is wrong with them. Pure. */
export function checkedRelation(
  table: Relation,
  checks: readonly RuleCheck[],
  facts: Facts,
): { readonly relation: Relation; readonly problems: readonly Problem[] } {
  const sql = sqlOf(table);
  const columns = table.columns.filter((c) => sql[c.name] !== undefined);
  const env = { ...facts, columns, alias: SOURCE, sqlOf: (name: string) => sql[name] ?? '' };
  const made = checks.map((c) => compiled(c, env, relationText(table)));
  const rules = made.flatMap((m) => ('problems' in m ? [] : [m]));
  const base = table.mapped?.select ?? plainSelect(table);
  const given = checks.map((c) => c.given); // not the SQL: that of a rule about time differs from job to job
  const identity = createHash('sha256')
    .update(JSON.stringify([base, given]))
    .digest('hex');
  return {
    relation: { ...table, ruled: { select: { ...marked(base, rules), identity }, rules, sql } },
    problems: made.flatMap((m) => ('problems' in m ? m.problems : [])),
  };
}
