import { previewOf } from '../conflict-resolver/preview.ts';
import { conflictStrategy } from '../conflict-resolver/registry.ts';
import { keyId, type RowKey } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';
import type { ConflictType } from '../model/conflict.ts';
import { relationText } from '../model/table.ts';
import type { Decided } from '../ports.ts';
import { conflictId } from './conflict-plan.ts';
import type { SegmentWork } from './segment-work.ts';
import { courtOf, decisionEvents } from './three-way.ts';

/** Reasons of quarantine that are a conflict with another row, by its type. */
const AS_CONFLICT: Partial<Readonly<Record<QuarantinedRow['code'], ConflictType>>> = {
  unique_clash: 'unique_violation',
  exclusion_clash: 'unique_violation',
  fk_missing: 'fk_violation',
  still_referenced: 'fk_violation',
};

/** So many at once; a table that refuses more has something in common that a queue does not show. */
const MOST = 10_000;

/**
 * Rows that the target still refuses because of another row, after everything was tried: conflicts where the strategy leaves
 * them to people, instead of quarantine.
 */
export async function refusedConflicts(
  work: SegmentWork,
): Promise<{ readonly keys: readonly RowKey[]; readonly decided: Decided } | undefined> {
  const court = courtOf(work);
  if (!court || work.config.dry_run) return undefined;
  const { plan } = court;
  const codes = Object.entries(AS_CONFLICT).flatMap(([code, type]) => {
    const people = conflictStrategy(plan.conflicts.types[type]).outcomes[type] === 'people';
    return people ? [code as QuarantinedRow['code']] : [];
  });
  if (codes.length === 0) return undefined;
  const at = { plan, segment: work.segment, number: work.id.segment };
  const rows = (await work.database.quarantinedFor(at, work.id.jobId, codes)).slice(0, MOST);
  if (rows.length === 0) return undefined;
  const keys = rows.map((r) => r.key);
  const [s, t] = [await work.source.prints(keys), await work.target.prints(keys)];
  const [source, target] = [s, t].map((all) => new Map(all.map((p) => [keyId(p.key), p])));
  const raise = rows.map((row) => {
    const id = keyId(row.key);
    const [own, other] = [source?.get(id), target?.get(id)];
    return {
      conflict_id: conflictId(plan.conflicts.pair, plan.target, row.key),
      pair: plan.conflicts.pair,
      key: row.key,
      type: AS_CONFLICT[row.code] ?? 'unique_violation',
      reason: `The target refused the row (${row.code}${row.sqlstate ? `, SQLSTATE ${row.sqlstate}` : ''}).`,
      prints: { source: own?.row ?? null, target: other?.row ?? null },
      changed: own && other ? plan.columns.flatMap((c, i) => (own.fields[i] === other.fields[i] ? [] : [c.name])) : [],
      preview: previewOf([], plan.conflicts.masks),
      ...(row.object !== undefined && { object: row.object }),
    };
  });
  const found = { raise, close: [], ruled: [] };
  const events = decisionEvents(work.config.audit_level, relationText(plan.target), found);
  return { keys, decided: { bases: [], raise, close: [], events } };
}
