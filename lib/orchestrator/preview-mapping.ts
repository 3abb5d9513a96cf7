import { SyncError } from '../model/errors.ts';
import type { ProposedColumn } from '../model/proposal.ts';
import type { MappingPreview } from '../model/suggestion.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { LookingDatabase } from '../ports.ts';
import { viewOf } from '../transformer/propose/column-score.ts';
import { personalKind } from '../transformer/propose/personal.ts';

const MOST_TABLES = 20;

/** A table of the target, and what of it may be shown. */
export interface PreviewedTable {
  readonly table: string;
  readonly from: string;
  readonly columns: readonly Pick<ProposedColumn, 'column' | 'from' | 'personal'>[];
}

/**
 * Some rows of each table as the mapping would make them. Columns that seem to hold personal data are shown masked, or, where
 * the mapping does not mask them, not at all. A table that cannot be read now has no rows.
 */
export async function previewOf(
  proposed: readonly PreviewedTable[],
  tables: readonly Relation[],
  sources: readonly Relation[],
  database: LookingDatabase,
  rows: number,
): Promise<readonly MappingPreview[]> {
  if (rows === 0) return [];
  const previews: MappingPreview[] = [];
  for (const one of proposed.slice(0, MOST_TABLES)) {
    const table = tables.find((t) => relationText(t) === one.table);
    const source = sources.find((s) => relationText(s) === one.from);
    if (!table?.mapped || !source?.privileges.includes('SELECT')) continue;
    const hidden = hiddenColumns(one, table, sources);
    const columns = table.columns.map((c) => c.name).filter((name) => !hidden.includes(name) && isMade(name, one));
    if (columns.length === 0) continue;
    const values = await looked(() => database.look(table, columns, rows));
    if (values) previews.push({ table: one.table, columns, rows: values.map((row) => [...row]), hidden });
  }
  return previews;
}

const isMade = (name: string, { columns }: PreviewedTable) => columns.some((c) => c.column === name);

/** Columns of a relation that tell who somebody is, as `schema.table.column`. */
function telling(relation: Relation): readonly string[] {
  const view = viewOf(relation);
  return view.columns.filter((c) => personalKind(c, view)).map((c) => `${relationText(relation)}.${c.column.name}`);
}

/** Personal by its name, or made of a column that is, be it looked up in another table, and not masked. */
function hiddenColumns(proposed: PreviewedTable, table: Relation, sources: readonly Relation[]): string[] {
  const { masked = [], uses = {}, looks = {} } = table.mapped ?? {};
  const of = (all: Readonly<Record<string, readonly string[]>>, name: string) =>
    Object.hasOwn(all, name) ? (all[name] ?? []) : [];
  const open = proposed.columns.filter((c) => !masked.includes(c.column));
  const madeOf = new Map(
    open.map((c) => [
      c.column,
      [...[...of(uses, c.column), ...c.from].map((name) => `${proposed.from}.${name}`), ...of(looks, c.column)],
    ]),
  );
  const used = [...madeOf.values()].flat();
  const tells = new Set(
    sources.filter((s) => used.some((name) => name.startsWith(`${relationText(s)}.`))).flatMap((s) => telling(s)),
  );
  return open.filter((c) => c.personal || madeOf.get(c.column)?.some((name) => tells.has(name))).map((c) => c.column);
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
