import type { PlannedFilter } from '../model/table.ts';
import { ident } from './sql.ts';

/** Puts a value into a statement and answers the SQL that stands for it: a parameter, or a literal where there are none. */
export type Place = (value: string | readonly string[]) => string;

const OPERATORS = { eq: '=', ne: 'is distinct from', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** SQL of one condition on a column of `alias`, its values read as `type` (SQL). */
export function conditionSql(f: PlannedFilter, alias: string, type: string, place: Place): string {
  const at = `${alias}.${ident(f.column)}`;
  if (f.op === 'is_null' || f.op === 'not_null') return `${at} is ${f.op === 'is_null' ? '' : 'not '}null`;
  if (f.op === 'in') return `${at} in (select v::${type} from unnest(${place([...f.values])}::text[]) v)`;
  return `${at} ${OPERATORS[f.op]} ${place(f.values[0] ?? '')}::text::${type}`;
}
