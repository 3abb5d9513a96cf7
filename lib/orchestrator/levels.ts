import { type Relation, relationText } from '../model/table.ts';

/** Tables by level, parents before children; and the tables that foreign keys tie into a cycle. */
export interface Levels {
  readonly levels: readonly (readonly Relation[])[];
  /** Empty when every table found a level. References of a table to itself are no cycle. */
  readonly cycle: readonly Relation[];
}

/** Orders tables by their foreign keys: each level refers only to tables of earlier levels. */
export function foreignKeyLevels(tables: readonly Relation[]): Levels {
  const inScope = new Set(tables.map(relationText));
  const parents = (t: Relation) =>
    t.foreignKeys.map((f) => relationText(f.references)).filter((p) => p !== relationText(t) && inScope.has(p));
  const placed = new Set<string>();
  const levels: Relation[][] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const level = rest.filter((t) => parents(t).every((p) => placed.has(p)));
    if (level.length === 0) return { levels, cycle: rest };
    levels.push(level);
    for (const t of level) placed.add(relationText(t));
    rest = rest.filter((t) => !placed.has(relationText(t)));
  }
  return { levels, cycle: [] };
}
