import type { RowKey } from '../model/change.ts';
import type { ScopeSide } from '../model/project.ts';
import type { TablePlan } from '../model/table.ts';
import { tableSql } from './columns.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import { scopeCondition, scopeCount } from './scope-sql.ts';
import type { Session } from './session.ts';

/** How many rows of a table are in the project, as this side tells it. */
export async function countScope(session: Session, side: ScopeSide): Promise<number> {
  const values: unknown[] = [];
  const [row] = await session.query(
    scopeCount(side, (value) => `$${values.push(value)}`),
    values,
  );
  return Number(row?.[0]);
}

/** Those of the keys whose rows are there and were reached by descending. */
export async function descendedKeys(
  session: Session,
  plan: TablePlan,
  keys: readonly RowKey[],
): Promise<readonly RowKey[]> {
  if (keys.length === 0) return [];
  const { side } = session;
  const values: unknown[] = [...keyArrays(plan, keys)];
  const within = scopeCondition(plan, { side, alias: 't', nodes: 'descended' }, (value) => `$${values.push(value)}`);
  const rows = await session.query(
    `select ${keyTexts(plan, side).join(', ')} from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${within}`,
    values,
  );
  return rows as readonly RowKey[]; // key columns are not null
}
