import type { JobConfig } from '../model/config.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { CompiledRule, PlannedRule } from '../model/rule.ts';
import { type Relation, relationText, type TablePlan } from '../model/table.ts';
import type { FoundDigests, PlanningSource, PlanningTarget, RuleReader } from '../ports.ts';
import { marked } from '../transformer/checked-relation.ts';
import { shownKey } from './shown-values.ts';

/** A table's plan with the relation that it was made of. */
export interface Weighed {
  readonly plan: TablePlan;
  readonly source: Relation;
}

interface Ends {
  readonly source: PlanningSource;
  readonly target: PlanningTarget;
  readonly rules: RuleReader;
  /** Tables of the target, for those that rules refer to. */
  readonly targets: readonly Relation[];
}

const limited = ({ max_rows, max_percent }: Pick<CompiledRule, 'max_rows' | 'max_percent'>) =>
  max_rows !== undefined || max_percent !== undefined;

/** Whether rows that do not pass are counted before a row is written. */
const counts = (rule: CompiledRule, config: JobConfig) =>
  rule.severity !== 'reject' || limited(rule) || limited(config.rule_limits);

function tooMany(table: string, rule: CompiledRule): SyncError {
  return new SyncError(
    'rule_limit',
    `${table}, rule ${rule.name}: so many different values do not pass that they cannot be listed (5,000).`,
    { facts: { table } },
  );
}

/** Values that a rule over many rows does not let pass. */
async function valuesAgainst(
  rule: CompiledRule,
  plan: TablePlan,
  plans: readonly TablePlan[],
  { source, target, rules, targets }: Ends,
  config: JobConfig,
): Promise<FoundDigests> {
  const { set } = rule;
  if (!set) return { digests: [], more: false };
  // under mirror nothing stays that the target alone has
  if (set.kind === 'unique')
    return rules.repeated({ source, ...(config.delete_mode !== 'mirror' && { target }) }, plan, set.columns);
  const table = targets.find((t) => relationText(t) === set.table);
  if (!table) throw new SyncError('schema_changed', `The target has no table ${set.table} any more.`);
  const brought = plans.find((p) => relationText(p.target) === set.table);
  const brings = brought && set.references.every((r) => brought.columns.some((c) => c.name === r));
  const { columns, references } = set;
  return rules.missing({ source, target }, plan, { columns, references, table, ...(brings && { brought }) });
}

/** The rules with SQL for all of them, those over many rows included. */
async function whole(
  { plan, source }: Weighed,
  plans: readonly TablePlan[],
  ends: Ends,
  config: JobConfig,
): Promise<readonly CompiledRule[]> {
  const { rules = [], sql = {} } = source.ruled ?? {};
  const made: CompiledRule[] = [];
  for (const rule of rules) {
    if (!rule.set) {
      made.push(rule);
      continue;
    }
    const { digests, more } = await valuesAgainst(rule, plan, plans, ends, config);
    if (more) throw tooMany(relationText(plan.target), rule);
    made.push({ ...rule, violated: ends.rules.among(plan, rule.set.columns, sql, digests) });
  }
  return made;
}

const planned = ({ name, rule, severity, columns }: CompiledRule): PlannedRule => ({ name, rule, severity, columns });

/** The plan of one table with marks for all of its rules, and what they come to. */
async function weighTable(
  weighed: Weighed,
  plans: readonly TablePlan[],
  ends: Ends,
  config: JobConfig,
): Promise<TablePlan> {
  const { plan, source } = weighed;
  if (!source.ruled) return plan;
  const rules = await whole(weighed, plans, ends, config);
  const over = rules.filter((r) => r.set);
  const select = plan.select && marked(plan.select, over);
  const own = rules.filter((r) => counts(r, config));
  const found =
    own.length > 0
      ? await ends.rules.count(
          ends.source,
          plan,
          own.map((r) => r.violated ?? 'false'),
        )
      : undefined;
  return {
    ...plan,
    ...(select && { select }),
    rules: rules.map((r): PlannedRule => {
      const at = found?.found[own.indexOf(r)];
      return {
        ...planned(r),
        ...(found &&
          at && { rows: at.rows, of: found.rows, samples: at.samples.map((k) => shownKey(plan, k, config)) }),
      };
    }),
  };
}

const percent = (rows: number, of: number) => (of === 0 ? 0 : (100 * rows) / of);

/** Why a limit is passed, in words; undefined: it is not. */
function beyond(
  rows: number,
  of: number,
  { max_rows, max_percent }: { readonly max_rows?: number | undefined; readonly max_percent?: number | undefined },
) {
  if (max_rows !== undefined && rows > max_rows) return `more than ${max_rows}`;
  if (max_percent !== undefined && percent(rows, of) > max_percent) return `more than ${max_percent} %`;
  return undefined;
}

const ofRows = (rows: number, of: number) => `${rows} of ${of} rows (${percent(rows, of).toFixed(1)} %)`;

/** What speaks against going on: rules that stop the job, and limits that are passed. Pure. */
export function ruleVerdict(weighed: readonly Weighed[], config: JobConfig): readonly Problem[] {
  const problems: Problem[] = [];
  let rejected = 0;
  let all = 0;
  for (const { plan, source } of weighed) {
    const table = relationText(plan.target);
    const found = plan.rules ?? [];
    if (found.some((r) => r.severity === 'reject')) all += found.find((r) => r.of !== undefined)?.of ?? 0;
    for (const [i, rule] of found.entries()) {
      const { rows = 0, of = 0, severity, name } = rule;
      if (severity === 'reject') rejected += rows;
      const field = source.ruled?.rules[i]?.field ?? '/config/rules';
      const say = (code: 'rule_stopped' | 'rule_limit', why: string) =>
        problems.push({ code, object: table, field, message: `${table}, rule ${name}: ${ofRows(rows, of)} ${why}.` });
      if (severity === 'stop' && rows > 0) say('rule_stopped', 'do not pass');
      const limit = beyond(rows, of, source.ruled?.rules[i] ?? {});
      if (severity !== 'stop' && limit) say('rule_limit', `do not pass, ${limit}`);
    }
  }
  const limit = beyond(rejected, all, config.rule_limits ?? {});
  const message = `Rules keep out ${ofRows(rejected, all)} of all tables with rules, ${limit} (rule_limits).`;
  if (limit) problems.push({ code: 'rule_limit', field: '/config/rule_limits', message });
  return problems;
}

/**
 * Asks whole tables what their rules come to, before a row of any is moved. Throws `rule_stopped` or `rule_limit` with every
 * rule that speaks against the job: it then waits, and counts anew when it is resumed.
 *
 * Cost: nothing without rules; one scan of the source table where rows are counted (`warn`, `stop`, limits), and for each rule
 * over many rows a sort of the values on both sides. Tables go in the order they are applied, so that a row whose parent is
 * kept out by a rule is found out too.
 */
export async function weighRules(
  tables: readonly Weighed[],
  ends: Omit<Ends, 'rules'> & { readonly rules: RuleReader | undefined },
  config: JobConfig,
): Promise<readonly TablePlan[]> {
  if (!tables.some((t) => t.source.ruled)) return tables.map((t) => t.plan);
  const { rules } = ends;
  if (!rules) throw new TypeError('rules cannot be weighed here');
  const plans = tables.map((t) => t.plan);
  for (const [i, t] of tables.entries())
    plans[i] = await weighTable({ ...t, plan: plans[i] as TablePlan }, plans, { ...ends, rules }, config); // i is in range
  const problems = ruleVerdict(
    tables.map((t, i) => ({ ...t, plan: plans[i] as TablePlan })),
    config,
  );
  if (problems.length > 0) throw problemsError(problems);
  return plans;
}
