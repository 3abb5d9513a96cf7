import type { KeyedFingerprint, RowImage } from '../model/change.ts';
import { keyId } from '../model/change.ts';
import type { TablePlan } from '../model/table.ts';
import { columnSql, equals, tableSql, typeSql } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyTexts } from './keys.ts';
import type { Session } from './session.ts';
import { ident } from './sql.ts';
import { textArray } from './text-array.ts';

/**
 * Target rows of other keys that hold a unique value these rows are to have. An index over expressions is not looked up.
 */
export async function uniqueHolders(
  session: Session,
  plan: TablePlan,
  rows: readonly RowImage[],
): Promise<readonly Omit<KeyedFingerprint, 'bucket'>[]> {
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const key = keyTexts(plan, 'target');
  const own = new Set(rows.map((r) => keyId(r.key)));
  const found = new Map<string, Omit<KeyedFingerprint, 'bucket'>>();
  for (const unique of plan.uniques ?? []) {
    const columns = unique.columns.flatMap((name) => plan.columns.filter((c) => c.name === name));
    if (columns.length < unique.columns.length) continue;
    const arrays = columns.map((_, i) => `$${i + 1}::text[]`).join(', ');
    const names = columns.map((_, i) => `c${i + 1}`).join(', ');
    const match = columns
      .map((c, i) => `t.${ident(c.name)} ${equals(c.type)} u.c${i + 1}::${typeSql(c.type)}`)
      .join(' and ');
    const held = await session.query(
      `select ${h1}, ${h2}, ${key.join(', ')} from unnest(${arrays}) u(${names}) join ${tableSql(plan, 'target')} t on ${match}`,
      columns.map((c) => textArray(rows.map((r) => r.values[plan.columns.indexOf(c)] ?? null))),
    );
    for (const [a, b, ...k] of held) {
      const id = keyId(k as string[]); // key columns are not null
      if (!own.has(id)) found.set(id, { key: k as string[], fingerprint: `${a}:${b}` });
    }
  }
  return [...found.values()];
}
