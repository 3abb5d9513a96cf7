export const code = (word: string) => `\`${word}\``;

/** A table of GitHub's markdown; a bar inside a cell is escaped. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

export const fenced = (language: string, text: string) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

const LINE = 100;

/** JSON with what fits on a line on one line. */
export function jsonText(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value)?.replaceAll(/"(?:[^"\\]|\\.)*"|[,:]/g, (part) =>
    part.length === 1 ? `${part} ` : part,
  );
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= LINE) return flat;
  const deeper = `${indent}  `;
  const [open, close, parts] = Array.isArray(value)
    ? ['[', ']', value.map((v) => jsonText(v, deeper))]
    : ['{', '}', Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${jsonText(v, deeper)}`)];
  return `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
}
