import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Median with the range, as `0.83 (0.80-0.91)`. */
export function spread(values: readonly number[], digits = 2): string {
  const text = (value: number) => value.toFixed(digits);
  if (values.length === 0) return '-';
  if (values.length === 1) return text(values[0] as number); // has one
  return `${text(median(values))} (${text(Math.min(...values))}-${text(Math.max(...values))})`;
}

/** What performance.md section 4 asks for: at most `goal`, never above `floor`. */
export interface Goal {
  readonly goal: number;
  readonly floor: number;
}

export function verdict(value: number, { goal, floor }: Goal): string {
  if (value <= goal) return `goal met (${goal})`;
  if (value <= floor) return `goal ${goal} MISSED, floor met (${floor})`;
  return `goal ${goal} and floor ${floor} MISSED`;
}

/** A table in Markdown, columns padded so that it reads well in a terminal too. */
export function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => (row[column] ?? '').length));
  const [head = [], ...body] = rows;
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(width(i))).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => '-'.repeat(width(i) + 2)).join('|')}|`, ...body.map(line)].join('\n');
}

/** The machine in one line; ratios of one run are what counts, seconds only mean something beside this. */
export function machine(postgresVersion: string): string {
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${memoryGb} GB, Node ${process.versions.node}, PostgreSQL ${postgresVersion}`;
}

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url));

const HEAD = `# Bench results

Appended by \`npm run bench -- <bench> --save\`; what the figures mean is said in test/bench/README.md. Newest last.
`;

/** Appends a report to results.md. */
export function save(command: string, body: string): void {
  if (!existsSync(RESULTS)) writeFileSync(RESULTS, HEAD);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const day = new Date().toISOString().slice(0, 16).replace('T', ' ');
  appendFileSync(RESULTS, `\n## ${day} UTC, ${commit}: \`${command}\`\n\n${body}\n`);
}
