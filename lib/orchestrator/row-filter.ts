import type { RowFilter } from '../model/config.ts';
import type { PlannedFilter } from '../model/table.ts';

/** A condition as the plan keeps it: its values as texts. */
export const plannedFilter = ({ column, op, value, values }: RowFilter): PlannedFilter => ({
  column,
  op,
  values: (values ?? (value === undefined ? [] : [value])).map(String),
});
