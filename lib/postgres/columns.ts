import type { Side } from '../model/connection.ts';
import type { ColumnType, PlannedColumn, TablePlan } from '../model/table.ts';
import { ident, relation } from './sql.ts';

/** How a column is read and addressed on one side. */
export interface ColumnSql {
  /** SQL of the column's value, in the type that counts. */
  value(column: PlannedColumn): string;
  /** The type the column is declared with on this side: what its index can look up. */
  declaredType(column: PlannedColumn): ColumnType;
}

/** Columns of relation `alias` on `side`; a source of another type is cast to the target's declaration. */
export function columnSql(side: Side, alias: string): ColumnSql {
  const plain = (c: PlannedColumn) => `${alias}.${ident(c.name)}`;
  if (side === 'target') {
    return {
      value: (c) => (c.widened ? `(${plain(c)}::${typeSql(c.type)})` : plain(c)),
      declaredType: (c) => c.widened ?? c.type,
    };
  }
  return {
    // the declaration comes from the target's catalog (format_type), which quotes and qualifies it
    value: (c) => (c.source ? `(${plain(c)}::${c.source.castTo})` : plain(c)),
    declaredType: (c) => c.source?.type ?? c.type,
  };
}

export function typeSql(type: { readonly schema: string; readonly name: string }): string {
  return `${ident(type.schema)}.${ident(type.name)}`;
}

/** The table of a side, as FROM, UPDATE and DELETE name it: without the rows of inheritance children. */
export function tableSql(plan: TablePlan, side: Side): string {
  return `${plan.only?.includes(side) ? 'only ' : ''}${relation(plan[side])}`;
}

/** The columns that are written. */
export const writtenColumns = (plan: TablePlan): readonly PlannedColumn[] => plan.columns.filter((c) => !c.generated);

/**
 * SQL of a value of the type from its text (SQL too). The cast of text to regclass takes no `-` and no number, which its
 * output function writes for no table and for one that is gone; its input function does.
 */
export function fromText(type: ColumnType, text: string): string {
  const { schema, name } = type.base;
  if (schema === 'pg_catalog' && name === 'regclass') return `pg_catalog.regclassin(${text}::pg_catalog.cstring)`;
  return `${text}::${typeSql(type)}`;
}
