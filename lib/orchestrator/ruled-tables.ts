import type { JobConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { ruleField } from '../model/rule.ts';
import { type Relation, relationText } from '../model/table.ts';
import { checkedRelation } from '../transformer/checked-relation.ts';
import type { ExpressionEnv } from '../transformer/sql-expression.ts';
import { ruleChecks } from '../validator/row-rules.ts';
import { columnInScope } from '../validator/scope.ts';

/** What rules go by, besides the tables. */
export interface RuleFacts extends Pick<ExpressionEnv, 'postgis' | 'serverVersion'> {
  /** When the job is prepared. */
  readonly now: Date;
}

/** What is wrong with the table that a rule's values must be in. */
function referenceProblems(table: Relation, targets: readonly Relation[]): readonly Problem[] {
  return (table.ruled?.rules ?? []).flatMap((rule): Problem[] => {
    if (rule.set?.kind !== 'reference') return [];
    const { table: object, references } = rule.set;
    const { field, name } = rule;
    const found = targets.find((t) => relationText(t) === object);
    if (!found)
      return [
        {
          code: 'table_not_found',
          side: 'target',
          object,
          field,
          message: `The rule ${name} names ${object}, and the target has no such table.`,
        },
      ];
    return references
      .filter((r) => !found.columns.some((c) => c.name === r))
      .map((r) => ({
        code: 'column_not_found',
        side: 'target',
        object: `${object}.${r}`,
        field,
        message: `The rule ${name} looks values up in ${object}.${r}, and there is no such column.`,
      }));
  });
}

/** Values of many rows are compared as both sides have them, so each of the columns must travel. */
function travelProblems(table: Relation, targets: readonly Relation[], config: JobConfig): readonly Problem[] {
  const name = relationText(table);
  const target = targets.find((t) => relationText(t) === name);
  const travels = (column: string) => {
    const [from, to] = [table, target].map((t) => t?.columns.find((c) => c.name === column));
    return from && to && !from.generated && !to.generated && columnInScope(table, from, config);
  };
  return (table.ruled?.rules ?? []).flatMap(({ set, field, name: rule }): Problem[] =>
    (set?.columns ?? [])
      .filter((column) => !travels(column))
      .map((column) => ({
        code: 'rule_invalid',
        object: `${name}.${column}`,
        field,
        message: `The rule ${rule} compares values of ${name}.${column}, which does not travel.`,
      })),
  );
}

/** Tables that take part with their rules compiled, and what is wrong with the rules. */
export function ruledTables(
  tables: readonly Relation[],
  targets: readonly Relation[],
  config: JobConfig,
  facts: RuleFacts,
): { readonly tables: readonly Relation[]; readonly problems: readonly Problem[] } {
  const rules = config.rules ?? {}; // a job that an earlier version has stored has none
  const problems: Problem[] = [];
  const strangers = Object.keys(rules).filter((name) => !tables.some((t) => relationText(t) === name));
  for (const object of strangers) {
    const message = `Rules are given for ${object}, which takes no part in the job.`;
    problems.push({ code: 'table_not_found', object, field: ruleField(object), message });
  }
  const { now, ...env } = facts;
  const ruled = tables.map((table) => {
    if (!Object.hasOwn(rules, relationText(table))) return table;
    const { checks, problems: wrong } = ruleChecks(table, config, now);
    const made = checkedRelation(table, checks, env);
    problems.push(...wrong, ...made.problems, ...referenceProblems(made.relation, targets));
    problems.push(...travelProblems(made.relation, targets, config));
    return made.relation;
  });
  return { tables: ruled, problems };
}
