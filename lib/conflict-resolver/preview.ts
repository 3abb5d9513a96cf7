import { createHash } from 'node:crypto';
import type { PreviewField } from '../model/conflict.ts';

/** Characters of a value in a list; the detail view reads the whole from the databases. */
const SHOWN = 100;

/** Columns in a preview; `changed` names all. */
const FIELDS = 20;

const MASKS: Readonly<Record<string, (value: string) => string | null>> = {
  hash: (value) => createHash('sha256').update(value).digest('hex').slice(0, 12),
  last4: (value) => `…${value.length > 8 ? value.slice(-4) : ''}`, // of a short one four would be half of it
  null: () => null,
};

const shortened = (value: string) => (value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);

/** A value as a list shows it: shortened, or masked where its column is tagged. */
export const shown = (value: string | null, tag: string | undefined): string | null =>
  value === null ? null : tag ? (MASKS[tag]?.(value) ?? null) : shortened(value);

/** What a list of conflicts shows of the columns that differ: shortened, and masked where the column is tagged. Pure. */
export function previewOf(
  columns: readonly { readonly column: string; readonly source: string | null; readonly target: string | null }[],
  masks: Readonly<Record<string, string>>,
): readonly PreviewField[] {
  return columns.slice(0, FIELDS).map(({ column, source, target }) => {
    const tag = masks[column];
    return { column, source: shown(source, tag), target: shown(target, tag), ...(tag && { masked: true }) };
  });
}
