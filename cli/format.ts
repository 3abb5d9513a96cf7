import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';
/** Colours a text, or leaves it alone. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Names come from databases: whatever could steer a terminal is shown as a question mark. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/**
 * Lays cells out in columns, two spaces apart; the first column gives way (with …) when the lines would be wider than
 * `width`. Styles are applied after measuring.
 */
export function columns(
  heads: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths = heads.map((head, i) => Math.max(head.title.length, ...cells.map((row) => row[i]?.text.length ?? 0)));
  const over = widths.reduce((sum, w) => sum + w + 2, -2) - width;
  if (over > 0) widths[0] = Math.max(12, (widths[0] ?? 0) - over);

  const line = (texts: readonly { text: string; style?: Style }[]) =>
    heads
      .map((head, i) => {
        const { text, style } = texts[i] ?? { text: '' };
        const size = widths[i] ?? 0;
        const fitted = text.length > size ? `${text.slice(0, size - 1)}…` : text;
        const padded = head.right ? fitted.padStart(size) : fitted.padEnd(size);
        return style ? paint(style, padded) : padded;
      })
      .join('  ')
      .trimEnd();
  return [paint('dim', line(heads.map(({ title }) => ({ text: title })))), ...cells.map(line)];
}

export type Cell = string | { readonly text: string; readonly style?: Style };
