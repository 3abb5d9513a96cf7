import type { ServerFacts, Side } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import { sqlName, sqlTable } from './sql-name.ts';

/** What the role of one side lacks to read a table, or to write it; each with what grants it. */
export function rightsProblems(
  table: Relation,
  side: Side,
  role: string,
  { written, deletes }: { readonly written: boolean; readonly deletes: boolean },
): Problem[] {
  const own = side === 'source' ? (table.mapped?.from ?? table) : table;
  const object = relationText(own);
  const problems: Problem[] = [];
  const needed = written ? ['SELECT', 'INSERT', 'UPDATE', ...(deletes ? ['DELETE'] : [])] : ['SELECT'];
  const missing = needed.filter((p) => !table.privileges.includes(p));
  if (missing.length > 0) {
    problems.push({
      code: 'privilege_missing',
      side,
      object,
      message: `The ${side} role lacks ${missing.join(', ')} on ${object}.`,
      hint: `GRANT ${missing.join(', ')} ON ${sqlTable(own)} TO ${sqlName(role)};${missing.join() === 'DELETE' ? ' -- or delete_mode: "keep", which deletes nothing' : ''}`,
    });
  }
  if (!table.schemaUsable) {
    problems.push({
      code: 'privilege_missing',
      side,
      object,
      message: `The ${side} role may not use the schema ${own.schema}.`,
      hint: `GRANT USAGE ON SCHEMA ${sqlName(own.schema)} TO ${sqlName(role)};`,
    });
  }
  if (written && table.lockedSequences.length > 0) {
    problems.push({
      code: 'privilege_missing',
      side,
      object,
      message: `The ${side} role may not set the sequences of ${object}.`,
      hint: `GRANT UPDATE ON SEQUENCE ${table.lockedSequences.join(', ')} TO ${sqlName(role)};`,
    });
  }
  if (table.rowSecurity) {
    problems.push({
      code: 'rls_partial_view',
      side,
      object,
      message: `Row security hides rows of ${object} from the ${side} role.`,
      hint: 'Use a role with BYPASSRLS, or the table owner.',
    });
  }
  return problems;
}

/** What keeps a whole side from being written to. */
export function writtenProblems(facts: ServerFacts, side: Side, suppressTriggers: boolean): Problem[] {
  const problems: Problem[] = [];
  if (side === 'target' ? facts.readOnly : facts.refusesWrites)
    problems.push({ code: `${side}_read_only`, side, message: `The ${side} is a standby or read-only.` });
  if (!facts.mayKeepControlSchema) {
    problems.push({
      code: 'privilege_missing',
      side,
      message: `The ${side} role may not create the schema tf_sync, in which the service keeps its checkpoints.`,
      hint: `GRANT CREATE ON DATABASE ${sqlName(facts.database)} TO ${sqlName(facts.role)};`,
    });
  }
  if (suppressTriggers && !facts.maySuppressTriggers) {
    problems.push({
      code: 'privilege_missing',
      side,
      message: 'triggers: "suppress" needs the right to set session_replication_role.',
      hint: `GRANT SET ON PARAMETER session_replication_role TO ${sqlName(facts.role)}; -- PostgreSQL 15 and later`,
    });
  }
  return problems;
}

/** The oldest server whose catalogs and functions the engine relies on. */
const OLDEST_VERSION = 140_000;

export function versionProblems(facts: ServerFacts, side: Side): Problem[] {
  if (facts.version_num >= OLDEST_VERSION) return [];
  return [
    {
      code: 'server_unsupported',
      side,
      message: `The ${side} is PostgreSQL ${Math.floor(facts.version_num / 10_000)}; 14 or later is needed.`,
    },
  ];
}
