import type { JobConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';

const SHAPES = ['geometry', 'geography'];

const isSpatial = ({ type }: Column) => type.base.schema !== 'pg_catalog' && SHAPES.includes(type.base.name);

function problemOf(name: string, asShape: boolean, tables: readonly Relation[]): Problem[] {
  const field = '/config/equality';
  const table = tables.find((t) => t.columns.some((c) => `${relationText(t)}.${c.name}` === name));
  const column = table?.columns.find((c) => `${relationText(table)}.${c.name}` === name);
  if (!column) {
    const message = `The config names an equality for ${name}, which is no column of a table in scope.`;
    return [{ code: 'column_not_found', side: 'target', object: name, field, message }];
  }
  if (!asShape || isSpatial(column)) return [];
  return [
    {
      code: 'equality_invalid',
      side: 'target',
      object: name,
      field,
      message: `The column ${name} is ${column.declared}; only geometry and geography have a shape.`,
      hint: 'Use "exact", or leave the column out.',
    },
  ];
}

/** What is wrong with the equalities that the config names; `tables` are those of the target that are in scope. */
export function equalityProblems(tables: readonly Relation[], config: JobConfig): readonly Problem[] {
  return Object.entries(config.equality).flatMap(([name, how]) => problemOf(name, how !== 'exact', tables));
}
