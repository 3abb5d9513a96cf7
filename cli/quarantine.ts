import type { Command } from 'commander';
import type { QuarantineView } from '../lib/model/quarantine.ts';
import { ROW_CODES, ROW_REMEDIES } from '../lib/model/row-code.ts';
import type { ConflictCommands } from './conflicts.ts';
import { type Cell, columns, harmless, type Paint } from './format.ts';
import { paintFor } from './io.ts';

type Globals = Parameters<ConflictCommands['connect']>[0];

interface Filters {
  readonly table?: string;
  readonly code?: string;
  readonly rule?: string;
}

const addFilters = (command: Command): Command =>
  command
    .option('--table <name>', 'only rows of this table (schema.table)')
    .option('--code <code>', 'only rows that were put aside for this reason')
    .option('--rule <name>', 'only rows that the rule of this name did not let pass');

const filterOf = ({ table, code, rule }: Filters) => ({
  ...(table !== undefined && { table }),
  ...(code !== undefined && { code }),
  ...(rule !== undefined && { rule }),
});

const valuesText = ({ values = {}, in_source }: QuarantineView): string => {
  if (in_source === false) return 'the source has no such row now';
  return Object.entries(values)
    .map(([column, value]) => `${column}=${value ?? 'NULL'}`)
    .join(' ');
};

/** Rows put aside as a table: where, why, and what the source has now. */
export function renderQuarantine(
  rows: readonly QuarantineView[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const heads = ['TABLE', 'KEY', 'REASON', 'RULE OR OBJECT'].map((title) => ({ title }));
  const cells = rows.map((r): readonly Cell[] =>
    [r.table, r.key.join(', '), r.code, r.rule ?? r.object ?? '', valuesText(r)].map(harmless),
  );
  return `${columns([...heads, { title: 'VALUES NOW', gives: true }], cells, { width, paint }).join('\n')}\n`;
}

/** Below the table, once for each reason: what it means and what to do. A newer service may know more of them. */
export function reasonLines(rows: readonly QuarantineView[], job: string): string {
  const codes = [...new Set(rows.map((r) => r.code))].filter((code) => Object.hasOwn(ROW_CODES, code));
  const lines = codes.flatMap((code) => [
    '',
    `${code}: ${ROW_CODES[code]}`,
    `  ${ROW_REMEDIES[code].replace('JOB', job)}`,
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Adds `tfsync quarantine list` and `retry`. */
export function addQuarantineCommands(program: Command, { connect, io }: ConflictCommands): void {
  const quarantine = program.command('quarantine').description('rows that a job has put aside');

  addFilters(quarantine.command('list', { isDefault: true }).description('list rows that a job has put aside, and why'))
    .argument('<job>', 'job id')
    .option('--limit <n>', 'most rows on one page')
    .option('--next-token <token>', 'the page after the one that printed it')
    .option('--json', 'print the page as JSON')
    .addHelpText('before', 'Example:\n  tfsync quarantine list JOB --rule "range(price)"\n')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<
        Globals & Filters & { limit?: string; nextToken?: string; json?: boolean }
      >();
      const { limit, nextToken } = options;
      const page = await (await connect(options)).quarantine(job, {
        ...filterOf(options),
        ...(limit !== undefined && { limit }),
        ...(nextToken !== undefined && { next_token: nextToken }),
      });
      if (options.json) return void io.stdout.write(json(page));
      if (page.rows.length === 0) return void io.stdout.write('No rows.\n');
      const paint = paintFor(io.stdout, io, options.color);
      io.stdout.write(renderQuarantine(page.rows, { width: io.stdout.columns ?? 160, paint }));
      io.stdout.write(reasonLines(page.rows, job));
      if (page.next_token)
        io.stderr.write(
          `More: tfsync quarantine list ${job} --next-token ${harmless(page.next_token)} and the same filters\n`,
        );
    });

  addFilters(quarantine.command('retry').description('start a job over the rows that an ended one has put aside'))
    .argument('<job>', 'job id')
    .option('--json', 'print the answer as JSON')
    .addHelpText('before', 'Example, once the rows are mended in the source:\n  tfsync quarantine retry JOB\n')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & Filters & { json?: boolean }>();
      const started = await (await connect(options)).retryQuarantine(job, filterOf(options));
      if (options.json) return void io.stdout.write(json(started));
      io.stdout.write(`${started.job_id}\n`);
      const whole = started.whole_tables.map((t) => harmless(t)).join(', ');
      if (whole) io.stderr.write(`Too many rows to look up one by one; compared as a whole: ${whole}\n`);
      io.stderr.write(`${started.rows} rows are tried again. Follow it with: tfsync watch ${started.job_id}\n`);
    });
}
