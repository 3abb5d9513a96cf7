import type { RelationName } from '../model/table.ts';

/** A name as it stands in a statement that somebody copies from a hint: quoted where it would not be read as a name. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The same for a table with its schema. */
export const sqlTable = ({ schema, name }: RelationName) => `${sqlName(schema)}.${sqlName(name)}`;
