import type { Fingerprint, RowKey } from './change.ts';

/** A row as the decision sees it: the fingerprint of the whole, and of each mapped column one of 64 bits, in 16 hex digits. */
export interface RowPrint {
  readonly row: Fingerprint;
  readonly fields: readonly string[];
}

/** A key's row on one side, in prints. `clock`: its update column in microseconds since 1970, where it has a usable one. */
export interface KeyedPrint extends RowPrint {
  readonly key: RowKey;
  readonly clock?: string;
}

/** Both sides as of the last decision, each its own; null where the side had no row. */
export interface BasePrints {
  readonly source: RowPrint | null;
  readonly target: RowPrint | null;
  /** PostgreSQL text of the source's values by column, where they are kept. */
  readonly image?: Readonly<Record<string, string | null>>;
}

/** A base to be filed. `unknown`: that nothing is known of it, although everything else is. */
export interface FiledBase {
  readonly key: RowKey;
  readonly base: { readonly source: RowPrint | null; readonly target: RowPrint | null } | 'unknown';
  /** Values of the columns whose images are kept, in their order. */
  readonly image?: readonly (string | null)[];
}

const HEX = 16;

const signed = (hex: string) => BigInt.asIntN(64, BigInt(`0x${hex}`)).toString();
const unsigned = (int8: string) => BigInt.asUintN(64, BigInt(int8)).toString(16).padStart(HEX, '0');

/** A print from its hex form: 128 bits of the row, then 64 of each column. */
export function printOf(hex: string): RowPrint {
  const parts = hex.match(/.{16}/g) ?? [];
  return { row: `${signed(parts[0] ?? '0')}:${signed(parts[1] ?? '0')}`, fields: parts.slice(2) };
}

/** The hex form of a print; of no row the empty text. */
export function printHex(print: RowPrint | null): string {
  return print ? [...print.row.split(':').map(unsigned), ...print.fields].join('') : '';
}
