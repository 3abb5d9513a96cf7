import { readFileSync } from 'node:fs';

/** A fenced block of a page. */
export interface Example {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** The text above that a reader finds it under. */
  readonly heading: string;
  readonly language: string;
  readonly text: string;
  /** What `<!-- example: ... -->` in the line before says of it. */
  readonly mark?: string;
  /** Whether a generator has written it. */
  readonly generated: boolean;
}

/** Pages that were written beside the tests of documents: whose blocks are not marked one by one, and that the index may not have yet. */
export const BESIDE: ReadonlySet<string> = new Set(
  ['runbook', 'metrics', 'deploy', 'upgrade', 'uninstall', 'cost', 'fleet'].map((name) => `docs/${name}.md`),
);
const beside = (e: Example): Example => ({
  ...e,
  mark: e.mark ?? 'checked: written beside the tests of examples',
  language: e.language === '' ? 'text' : e.language,
});

const FENCE = /^```(\w*)$/;
const MARK = /^<!-- example: (.+) -->$/;

/** The fenced blocks of a page, in their order. Throws where a block is not closed. */
export function examplesOf(page: string, source = readFileSync(page, 'utf8')): readonly Example[] {
  const lines = source.split('\n');
  const found: Example[] = [];
  let heading = '';
  let generated = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading;
    if (line.startsWith('<!-- generated:')) generated = true;
    if (line.startsWith('<!-- /generated')) generated = false;
    const language = FENCE.exec(line)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`${page}:${at + 1}: a block without an end`);
    const mark = MARK.exec(lines[at - 1] ?? '')?.[1];
    const text = lines.slice(at + 1, end).join('\n');
    found.push({ page, line: at + 1, heading, language, text, generated, ...(mark !== undefined && { mark }) });
    at = end;
  }
  return BESIDE.has(page) ? found.map(beside) : found;
}

/** Blocks by the heading that they are under. */
export const byHeading = (examples: readonly Example[]) => Map.groupBy(examples, (e) => e.heading);

/** Statements of a block of SQL, one a line, comments left out. */
export const statementsOf = (sql: string): readonly string[] =>
  sql
    .split('\n')
    .map((line) => line.replace(/ *--.*$/, ''))
    .join('\n')
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
