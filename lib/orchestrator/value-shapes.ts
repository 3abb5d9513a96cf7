import { type Relation, relationText } from '../model/table.ts';
import type { LookingDatabase } from '../ports.ts';
import { type Shape, shapeOf } from '../transformer/propose/shapes.ts';

const ROWS = 50;
/** Each costs a statement; the others are judged by their names alone. */
const MOST_TABLES = 60;
const TEXTS = ['text', 'varchar', 'bpchar', 'citext'];

/** What the first values of text columns look like, by table and column; the values themselves go nowhere. */
export async function shapesOfValues(
  tables: readonly Relation[],
  database: LookingDatabase,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Shape>>> {
  const found = new Map<string, ReadonlyMap<string, Shape>>();
  for (const table of tables.filter((t) => t.privileges.includes('SELECT') && t.schemaUsable).slice(0, MOST_TABLES)) {
    const columns = table.columns.filter((c) => TEXTS.includes(c.type.base.name)).map((c) => c.name);
    if (columns.length === 0) continue;
    const rows = await database.look(table, columns, ROWS);
    const shapes = columns.flatMap((name, i) => {
      const shape = shapeOf(rows.map((row) => row[i] ?? null));
      return shape ? [[name, shape] as const] : [];
    });
    found.set(relationText(table), new Map(shapes));
  }
  return found;
}
