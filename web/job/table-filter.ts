import type { TableStatus } from '../../lib/model/answers.ts';

export interface TableFilter {
  readonly text?: string;
  readonly state?: string;
}

/** Tables whose name has the text in it, in the state of validation. */
export const tablesLike = (tables: readonly TableStatus[], { text = '', state }: TableFilter): readonly TableStatus[] =>
  tables.filter(
    (table) =>
      table.name.toLowerCase().includes(text.trim().toLowerCase()) &&
      (state === undefined || table.validation === state),
  );
