import { shown } from '../conflict-resolver/preview.ts';
import type { RowKey } from '../model/change.ts';
import type { JobConfig } from '../model/config.ts';
import { relationText, type TablePlan } from '../model/table.ts';

/** How values of a column are shown in lists; undefined: shortened. What the config calls personal data never is. */
export function tagOf({ target }: Pick<TablePlan, 'target'>, column: string, config: JobConfig): string | undefined {
  const name = `${relationText(target)}.${column}`;
  return config.pii_columns?.includes(name) ? 'null' : config.column_tags?.[name];
}

/** A key as lists show it; a part that is not shown at all is empty. */
export const shownKey = (plan: Pick<TablePlan, 'target' | 'key'>, key: RowKey, config: JobConfig): readonly string[] =>
  key.map((part, i) => shown(part, tagOf(plan, plan.key[i] ?? '', config)) ?? '');
