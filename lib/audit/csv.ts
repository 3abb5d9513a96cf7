/** A cell that a spreadsheet would take for a formula gets a quote in front; the JSON export keeps it as it is. */
const FORMULA = /^[=+\-@\t\r\n\0]/;

/** One cell after RFC 4180. */
function cell(value: string | number | null | undefined): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value ?? '') ? `'${value}` : (value ?? '');
  return /[",\r\n\t\0]|^'|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line with its end. A number is a number; whatever is text can be no formula. */
export function csvLine(cells: readonly (string | number | null | undefined)[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}
