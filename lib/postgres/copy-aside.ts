import type { QuarantinedRow } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { relationText } from '../model/table.ts';
import type { CopyChunk } from '../ports.ts';
import { rowSql } from './columns.ts';
import { failureOf } from './fetch-rows.ts';
import { keyTexts } from './keys.ts';
import { fromRuns } from './reader.ts';
import type { Session } from './session.ts';

/**
 * Rows of a run that COPY leaves out because a value of theirs cannot be computed. One more look at the run's rows, where
 * there can be any; one that changes in between is found by the final comparison. Throws `quarantine_limit`.
 */
export async function notComputable(
  source: Session,
  { plan, segment, run, mostAside }: CopyChunk,
): Promise<readonly QuarantinedRow[]> {
  const { mark } = rowSql(plan, 'source', 't');
  if (mark === undefined) return [];
  const from = fromRuns(plan, segment, 'source', [run]);
  const rows = await source.query(
    `select ${mark}, ${keyTexts(plan, 'source').join(', ')} ${from.sql} and ${mark} is not null limit ${Math.max(0, mostAside) + 1}`,
    from.values,
  );
  if (rows.length > mostAside) {
    const table = relationText(plan.target);
    throw new SyncError('quarantine_limit', `More rows of ${table} than max_quarantined_rows cannot be computed.`, {
      facts: { table },
    });
  }
  return rows.map(([n, ...key]) => ({ key: key as string[], ...failureOf(plan, n ?? '') })); // key columns are not null
}
