import type { ErrorCode, Problem } from '../model/errors.ts';
import { FINDINGS, type FindingCode, type SchemaFinding } from '../model/schema-check.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { Compared } from './checks/check.ts';
import { schemaChecks } from './checks/registry.ts';
import { sqlName, sqlTable } from './sql-name.ts';

/** What a reason to refuse a job is among the findings; those that are not named refuse the table as a whole. */
const REFUSALS: Partial<Record<ErrorCode, FindingCode>> = {
  column_not_found: 'column_missing_in_target',
  target_column_generated: 'generated_differs',
  type_lossy: 'type_lossy',
  type_incompatible: 'type_incompatible',
  target_column_unmapped: 'column_unfilled',
  key_mismatch: 'key_differs',
  no_key: 'key_missing',
};

type Tables = { readonly source: Relation; readonly target: Relation };

/** A statement for the target that would take the reason away; undefined where only people can say what is right. */
function remedyOf(code: FindingCode, column: string, { source, target }: Tables): string | undefined {
  const from = source.columns.find((c) => c.name === column);
  const table = `ALTER TABLE ${sqlTable(target)}`;
  if (code === 'key_differs') return source.key && `${table} ADD PRIMARY KEY (${source.key.map(sqlName).join(', ')});`;
  if (code === 'column_unfilled') return `${table} ALTER COLUMN ${sqlName(column)} DROP NOT NULL;`;
  if (!from) return undefined;
  if (code === 'column_missing_in_target') return `${table} ADD COLUMN ${sqlName(column)} ${from.declared};`;
  if (code === 'type_lossy' || code === 'type_incompatible')
    return `${table} ALTER COLUMN ${sqlName(column)} TYPE ${from.declared};`;
  return undefined;
}

function refusal(problem: Problem, tables: Tables): SchemaFinding {
  const code = REFUSALS[problem.code] ?? 'table_refused';
  const prefix = `${relationText(tables.target)}.`;
  const column = problem.object?.startsWith(prefix) ? problem.object.slice(prefix.length) : '';
  const ddl = remedyOf(code, column, tables);
  return {
    code,
    severity: FINDINGS[code][0],
    side: problem.side ?? 'target',
    object: problem.object ?? relationText(tables.target),
    message: problem.message,
    remedy: problem.hint ?? 'See the message.',
    ...(ddl && { ddl }),
  };
}

/** All that is to say of a table: first why a job refuses it, then what may meet its rows. Pure. */
export function schemaFindings(compared: Compared, problems: readonly Problem[]): readonly SchemaFinding[] {
  const refused = problems.map((p) => refusal(p, compared));
  const accepted = schemaChecks.flatMap((check) => check(compared));
  return [...refused, ...accepted];
}
