import { SyncError } from '../model/errors.ts';
import type { Proposal, ProposedTable } from '../model/proposal.ts';
import type { MappingPreview } from '../model/suggestion.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { LookingDatabase } from '../ports.ts';
import { viewOf } from '../transformer/propose/column-score.ts';
import { personalKind } from '../transformer/propose/personal.ts';

const MOST_TABLES = 20;

/**
 * Some rows of each table as the mapping would make them. Columns that seem to hold personal data are shown masked, or, where
 * the mapping does not mask them, not at all. A table that cannot be read now has no rows.
 */
export async function previewOf(
  proposal: Proposal,
  tables: readonly Relation[],
  sources: readonly Relation[],
  database: LookingDatabase,
  rows: number,
): Promise<readonly MappingPreview[]> {
  if (rows === 0) return [];
  const previews: MappingPreview[] = [];
  for (const proposed of proposal.tables.slice(0, MOST_TABLES)) {
    const table = tables.find((t) => relationText(t) === proposed.table);
    const source = sources.find((s) => relationText(s) === proposed.from);
    if (!table?.mapped || !source?.privileges.includes('SELECT')) continue;
    const hidden = hiddenColumns(proposed, table, source);
    const columns = table.columns.map((c) => c.name).filter((name) => !hidden.includes(name) && isMade(name, proposed));
    if (columns.length === 0) continue;
    const values = await looked(() => database.look(table, columns, rows));
    if (values) previews.push({ table: proposed.table, columns, rows: values.map((row) => [...row]), hidden });
  }
  return previews;
}

const isMade = (name: string, { columns }: ProposedTable) => columns.some((c) => c.column === name);

/** Personal by the proposal, or made of a column that is, and not masked. */
function hiddenColumns(proposed: ProposedTable, table: Relation, source: Relation): string[] {
  const view = viewOf(source);
  const tells = new Set(view.columns.filter((c) => personalKind(c, view)).map((c) => c.column.name));
  const { masked = [], uses = {} } = table.mapped ?? {};
  const madeOf = (name: string) => (Object.hasOwn(uses, name) ? (uses[name] ?? []) : []);
  return proposed.columns
    .filter((c) => !masked.includes(c.column))
    .filter((c) => c.personal || [...madeOf(c.column), ...c.from].some((name) => tells.has(name)))
    .map((c) => c.column);
}

/** A column that no SQL could be made for is told of elsewhere; a view that takes too long is no reason to have no proposal. */
async function looked<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}
