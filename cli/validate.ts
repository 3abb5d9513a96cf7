import type { Command } from 'commander';
import { counted } from '../lib/model/figures.ts';
import type { SchemaFinding, TableValidation } from '../lib/model/schema-check.ts';
import type { ConflictCommands } from './conflicts.ts';
import { EXIT } from './exit.ts';
import { harmless } from './format.ts';
import { paintFor } from './io.ts';

type Paint = ReturnType<typeof paintFor>;

const STYLES = { error: 'red', warning: 'yellow', info: 'dim' } as const;

function findingLines(
  { code, severity, object, message, remedy, ddl }: SchemaFinding,
  paint: Paint,
): readonly string[] {
  return [
    `  ${paint(STYLES[severity], severity.padEnd(7))} ${harmless(object)}: ${harmless(message)} (${code})`,
    `          ${harmless(remedy)}`,
    ...(ddl ? ddl.split('\n').map((line) => `          ${paint('dim', harmless(line))}`) : []),
  ];
}

/** One table: its findings, gravest first, then what has changed since the job before. */
export function renderValidation(v: TableValidation, paint: Paint): readonly string[] {
  const order = Object.keys(STYLES);
  const sorted = [...v.findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const drift = v.drift.map(({ side, change, kind, name, before, after }) => {
    const what = `  ${side}: ${kind.replace('_', ' ')} ${harmless(name)} ${change}`;
    const texts = [before, after].filter((t) => t !== undefined).map((t) => harmless(t));
    return `${what}: ${texts.join(' -> ')}`;
  });
  return [
    paint(
      'bold',
      `${harmless(v.table)}: ${sorted.length === 0 ? 'both sides alike' : counted(sorted.length, 'finding')}`,
    ),
    ...sorted.flatMap((f) => findingLines(f, paint)),
    ...(drift.length > 0 ? [`  Changed since job ${v.compared_with}:`, ...drift.map((line) => `  ${line}`)] : []),
    ...(v.more ? [`  ${v.more} more are not shown.`] : []),
  ];
}

/** Adds `tfsync validate`. */
export function addValidateCommand(program: Command, { connect, io, done }: ConflictCommands): void {
  program
    .command('validate')
    .description('what the catalogs of both sides say of the tables of a job, and what has changed in them')
    .argument('<job>', 'job id')
    .argument('[table]', 'schema.table; without it, every table of the job')
    .option('--now', 'read both catalogs now, instead of what the job found when it was prepared')
    .option('--json', 'print the answers as JSON, one a line')
    .addHelpText(
      'before',
      `Examples:
  tfsync validate 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11
  tfsync validate 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11 public.parcels --now

The statements that it prints would close a gap. Nobody runs them for you. Exit code 1: something is an error.
`,
    )
    .action(async (job: string, table: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<Parameters<typeof connect>[0] & { now?: boolean }>();
      const api = await connect(options);
      const names = table === undefined ? (await api.status(job)).tables.map((t) => t.name) : [table];
      const paint = paintFor(io.stdout, io, options.color);
      let valid = true;
      for (const name of names) {
        const found = await api.validation(job, name, options.now ?? false);
        valid &&= found.valid;
        io.stdout.write(options.json ? `${JSON.stringify(found)}\n` : `${renderValidation(found, paint).join('\n')}\n`);
      }
      if (names.length === 0) io.stderr.write('The job is not prepared yet.\n');
      done(valid ? EXIT.ok : EXIT.failed);
    });
}
