import type { Side } from '../model/connection.ts';
import type { PlannedSelect } from '../model/planned-select.ts';
import type { ColumnType, PlannedColumn, RelationName, TablePlan } from '../model/table.ts';
import { ident, relation } from './sql.ts';

/** How a column is read and addressed on one side. */
export interface ColumnSql {
  /** SQL of the column's value, in the type that counts. */
  value(column: PlannedColumn): string;
  /** The type the column is declared with on this side: what its index can look up. */
  declaredType(column: PlannedColumn): ColumnType;
  /** SQL that is NULL where every value of the row could be computed; absent where that is always so. */
  readonly mark?: string;
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

/**
 * What a mapping's mark is called beside the target's columns. No table can have a column of that name: it is one of the
 * system's.
 */
const MARK = 'cmax';

/** A relation as FROM names it. `sample`: a TABLESAMPLE clause, where there is a select; without one it follows the alias. */
export function relationSql(
  of: {
    readonly name: RelationName;
    readonly only?: boolean;
    readonly select?: PlannedSelect;
    readonly versioned?: boolean;
  },
  sample = '',
): string {
  const from = `${of.only ? 'only ' : ''}${relation(of.name)}`;
  const { select } = of;
  if (!select) return from;
  const more = [
    ...(select.mark === undefined ? [] : [`${select.mark} as ${MARK}`]),
    ...(of.versioned ? ['s.xmin'] : []),
  ];
  return `(select ${[select.list, ...more].join(', ')} from ${from} s ${sample})`;
}

/**
 * The table of a side, as FROM names it, and of the target UPDATE and DELETE too: without the rows of inheritance children.
 * Under a mapping the source is a select with the target's column names, which the planner takes apart again.
 */
export function tableSql(plan: TablePlan, side: Side, sample?: string): string {
  const select = side === 'source' ? plan.select : undefined;
  const only = plan.only?.includes(side) === true;
  return relationSql({ name: plan[side], only, versioned: !plan.unversioned, ...(select && { select }) }, sample);
}

/** Columns of `alias`, and its mark, for what must not take a row with a value that is missing for one where it is NULL. */
export function rowSql(plan: TablePlan, side: Side, alias: string): ColumnSql {
  const columns = columnSql(side, alias);
  return side === 'source' && plan.select?.mark !== undefined ? { ...columns, mark: `${alias}.${MARK}` } : columns;
}

/** SQL (int4) of a row's mark: which value could not be computed, from 1; NULL where there is none. */
export const markSql = (plan: TablePlan, side: Side, alias: string): string =>
  rowSql(plan, side, alias).mark ?? 'null::pg_catalog.int4';

/** The name that a column of the plan has in the catalog of a side; undefined where a mapping computes it. */
export function catalogName(plan: TablePlan, side: Side, column: string): string | undefined {
  return side === 'source' && plan.select ? plan.select.plain[column] : column;
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
