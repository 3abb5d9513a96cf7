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
  /** Is shortened before the first column is, where lines would be too wide. */
  readonly gives?: boolean;
}

/** No column is made narrower. */
const NARROWEST = 12;

/**
 * Lays cells out in columns, two spaces apart, without those in which there is nothing. When the lines would be wider than
 * `width`, columns that say so give way (with …), then the first one. Styles are applied after measuring.
 */
export function columns(
  all: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const whole = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const filled = all.map((_, i) => rows.length === 0 || whole.some((row) => (row[i]?.text ?? '') !== ''));
  const heads = all.filter((_, i) => filled[i]);
  const cells = whole.map((row) => row.filter((_, i) => filled[i]));
  const widths = heads.map((head, i) => Math.max(head.title.length, ...cells.map((row) => row[i]?.text.length ?? 0)));
  const over = () => widths.reduce((sum, w) => sum + w + 2, -2) - width;
  for (const i of [...heads.keys()].filter((n) => heads[n]?.gives).concat(0))
    if (over() > 0) widths[i] = Math.max(Math.min(NARROWEST, widths[i] ?? 0), (widths[i] ?? 0) - over());

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
