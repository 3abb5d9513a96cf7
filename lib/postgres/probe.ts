import { dataTypeOf } from '../data-types/registry.ts';
import type { FingerprintForm, PlannedColumn } from '../model/table.ts';
import { columnSql } from './columns.ts';
import { keyHash, rowFingerprint } from './fingerprint.ts';
import type { Session } from './session.ts';
import { ident, literal } from './sql.ts';

/** Sample columns, one per handler in use, typed as the handler's probe. */
function samples(columns: readonly PlannedColumn[]) {
  const handlers = [...new Set(columns.map((c) => dataTypeOf(c.type)))].sort((a, b) =>
    a.name.localeCompare(b.name, 'en'),
  );
  return handlers.map((h) => {
    const base = { schema: 'pg_catalog', name: h.probe.type, kind: 'b' };
    return { name: h.name, literal: h.probe.literal, type: { ...base, base } };
  });
}

/**
 * Fingerprints of a fixed row with a value of every type family in use, and one of NULLs. Two servers whose answers agree
 * hash alike; where they do not, the portable form serves.
 */
export async function probeRow(
  session: Session,
  columns: readonly PlannedColumn[],
  form: FingerprintForm,
): Promise<readonly string[]> {
  const row = samples(columns);
  const values = row
    .map((c) => `${literal(c.literal)}::pg_catalog.${ident(c.type.name)} as ${ident(c.name)}`)
    .join(', ');
  const nulls = row.map((c) => `null::pg_catalog.${ident(c.type.name)} as ${ident(c.name)}`).join(', ');
  const [h1, h2] = rowFingerprint(form, row, columnSql('target', 't'));
  const rows = await session.query(
    `select ${h1}::text, ${h2}::text, ${keyHash(form, row, columnSql('target', 't'))}::text from (select ${values} union all select ${nulls}) t`,
  );
  return rows.flat().map((v) => v ?? '');
}
