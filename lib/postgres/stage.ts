import type { RowImage } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { keyColumns } from './buckets.ts';
import { columnSql, equals, tableSql, typeSql } from './columns.ts';
import { pipeCopy } from './copy.ts';
import { rowFingerprint } from './fingerprint.ts';

import type { Session } from './session.ts';
import { ident, literal } from './sql.ts';

const STAGE = 'pg_temp.tf_sync_stage';

/** SQL of the rows in the stage as `c1, ..., n`. */
export const STAGED_ROWS = `select g.* from ${STAGE} g`;

/**
 * Pipes one row from the source into a temporary table (c1, ..., n) of the target that ends with the transaction, without
 * holding it. Throws `target_moving` when the row is not the one that was looked at any more.
 */
export async function stageRow(source: Session, target: Session, plan: TablePlan, row: RowImage): Promise<void> {
  const declared = plan.columns.map((c, i) => `c${i + 1} ${typeSql(c.type)}`);
  const names = plan.columns.map((_, i) => `c${i + 1}`);
  await target.run(`create temp table tf_sync_stage (${declared.join(', ')}, n int8 default 1) on commit drop`);
  const { value, declaredType } = columnSql('source', 't');
  const key = keyColumns(plan).map(
    (c, i) => `t.${ident(c.name)} ${equals(declaredType(c))} ${literal(row.key[i] ?? '')}::${typeSql(declaredType(c))}`,
  );
  const from = `select ${plan.columns.map(value).join(', ')} from ${tableSql(plan, 'source')} t where ${key.join(' and ')}`;
  await pipeCopy(
    source,
    target,
    `copy (${from}) to stdout (format text)`,
    `copy ${STAGE} (${names.join(', ')}) from stdin (format text)`,
  );
  const position = new Map(plan.columns.map((c, i) => [c.name, `g.c${i + 1}`]));
  const staged = {
    ...columnSql('target', 'g'),
    value: (c: { readonly name: string }) => position.get(c.name) ?? 'null',
  };
  const hashes = rowFingerprint(plan.fingerprint, plan.columns, staged);
  const rows = await target.query(`select ${hashes.join(', ')} from ${STAGE} g`);
  if (rows.length === 1 && row.fingerprint === `${rows[0]?.[0]}:${rows[0]?.[1]}`) return;
  throw new SyncError('target_moving', `A large row of ${relationText(plan.source)} changed while it was copied.`);
}
