import { columnHandler } from '../data-types/registry.ts';
import type { FingerprintForm, PlannedColumn } from '../model/table.ts';
import { columnSql, typeSql } from './columns.ts';
import { keyHash, rowFingerprint } from './fingerprint.ts';
import type { Session } from './session.ts';
import { ident, literal } from './sql.ts';

interface Sample extends PlannedColumn {
  readonly literal: string;
}

/** Sample columns, one per handler in use, typed as the handler's probe; one per type where it is the type's own. */
function samples(columns: readonly PlannedColumn[]): readonly Sample[] {
  const found = columns.map((c): Sample => {
    const { name, probe } = columnHandler(c);
    const base = probe.type ? { schema: 'pg_catalog', name: probe.type, kind: 'b' } : c.type.base;
    const type = { ...base, base };
    return { ...c, name: probe.type ? name : `${name} ${typeSql(base)}`, type, literal: probe.literal };
  });
  const byName = new Map(found.map((s) => [s.name, s]));
  const sorted = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  return sorted.map((sample, i) => ({ ...sample, name: `c${i + 1}` }));
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
  const values = row.map((c) => `${literal(c.literal)}::${typeSql(c.type)} as ${ident(c.name)}`).join(', ');
  const nulls = row.map((c) => `null::${typeSql(c.type)} as ${ident(c.name)}`).join(', ');
  const [h1, h2] = rowFingerprint(form, row, columnSql('target', 't'));
  const rows = await session.query(
    `select ${h1}::text, ${h2}::text, ${keyHash(form, row, columnSql('target', 't'))}::text from (select ${values} union all select ${nulls}) t`,
  );
  return rows.flat().map((v) => v ?? '');
}
