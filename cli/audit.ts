import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { addReports, pace } from '../lib/audit/report.ts';
import { reportCsv } from '../lib/audit/report-csv.ts';
import { reportHtml } from '../lib/audit/report-html.ts';
import { type AuditEventView, type AuditReportPart, SEVERITIES } from '../lib/model/audit-view.ts';
import type { Api } from './api.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { type Io, paintFor } from './io.ts';

/** What the commands about the audit trail need of the program. */
export interface AuditProgram {
  readonly io: Io;
  connect(options: Globals): Promise<Api>;
  done(exitCode: number): void;
}

/** Options of the program that these commands see. */
export interface Globals {
  readonly url: string;
  readonly tokenFile?: string;
  readonly color: boolean;
  readonly json?: boolean;
}

interface Filters {
  readonly type?: string;
  readonly table?: string;
  readonly severity?: string;
  readonly actor?: string;
  readonly from?: string;
  readonly to?: string;
  readonly text?: string;
}

const EXAMPLE = '0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11';

function addFilters(command: Command): Command {
  return command
    .option('--type <type>', 'only this type of event, or all that begin like it: healing')
    .option('--table <name>', 'only events of this target table: public.parcels')
    .addOption(new Option('--severity <severity>', 'only events this serious or more').choices(SEVERITIES))
    .option('--actor <name>', 'only what this person, or terrafusion-sync itself, did')
    .option('--from <time>', 'only events at or after this date or instant')
    .option('--to <time>', 'only events before it')
    .option('--text <text>', 'only events that hold this text');
}

const filters = ({ type, table, severity, actor, from, to, text }: Filters) => ({
  type,
  table,
  severity,
  actor,
  from,
  to,
  text,
});

/** Adds `tfsync audit` and what is below it. */
export function addAuditCommands(program: Command, own: AuditProgram): void {
  const audit = addFilters(
    program.command('audit').description('show what happened in a job, event by event').argument('<job>', 'job id'),
  )
    .option('--limit <n>', 'most events on one page')
    .option('--next-token <token>', 'the page after the one that printed it')
    .option('--json', 'print the page as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync audit ${EXAMPLE} --severity warning
  tfsync audit verify ${EXAMPLE}
  tfsync audit report ${EXAMPLE} --format html --output report.html
  tfsync audit export ${EXAMPLE} --format csv --output events.csv
`,
    )
    .action(async (job: string, _options, command: Command) => {
      type Page = { limit?: string; nextToken?: string };
      const { limit, nextToken, ...options } = command.optsWithGlobals<Globals & Filters & Page>();
      const api = await own.connect(options);
      const page = await api.auditEvents(job, { ...filters(options), limit, next_token: nextToken });
      own.io.stdout.write(
        options.json ? `${JSON.stringify(page, null, 2)}\n` : eventList(page.events, options, own.io),
      );
      if (page.next_token && !options.json)
        own.io.stderr.write(`More: add --next-token ${harmless(page.next_token)}\n`);
    });

  audit
    .command('verify')
    .description('check that nobody has touched the audit trail of a job')
    .argument('<job>', 'job id')
    .option('--root <hash>', 'hash that sealed the trail, as you noted it once: the trail must still go over it')
    .option('--json', 'print the result as JSON')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { root?: string }>();
      if (options.root !== undefined && !/^\s*[0-9a-f]{64}\s*$/i.test(options.root))
        throw new CommandError(
          '--root needs a hash of 64 hexadecimal digits, as verify and report print it.',
          EXIT.refused,
        );
      own.done(await verify(job, options, await own.connect(options), own.io));
    });

  audit
    .command('report')
    .description('write statistics of a job')
    .argument('<job>', 'job id')
    .addOption(new Option('--format <format>', 'how').choices(['html', 'csv', 'json']).default('html'))
    .option('--output <file>', 'where; without it to standard output')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { format: string; output?: string }>();
      const whole = await wholeReport(job, await own.connect(options));
      const output = outputTo(options.output, own.io);
      output.write(render(whole, options.format));
      output.close();
    });

  addFilters(audit.command('export').description('write the events of a job to a file').argument('<job>', 'job id'))
    .addOption(new Option('--format <format>', 'how').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--output <file>', 'where; without it to standard output')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & Filters & { format: string; output?: string }>();
      const api = await own.connect(options);
      const output = outputTo(options.output, own.io);
      let token: string | undefined;
      do {
        const part = await api.auditExport(job, { ...filters(options), format: options.format, next_token: token });
        output.write(part.text);
        token = part.nextToken;
      } while (token !== undefined);
      output.close();
    });
}

/** A file gets its name only when it is whole: what broke off is left as `<file>.part`. */
function outputTo(file: string | undefined, io: Io): { write(text: string): void; close(): void } {
  if (file === undefined) return { write: (text) => void io.stdout.write(text), close: () => undefined };
  const part = `${file}.part`;
  const refuse = (cause: unknown) =>
    new CommandError(`Cannot write ${file}: ${(cause as NodeJS.ErrnoException).code}.`, EXIT.refused, { cause });
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw refuse(error);
    }
  };
  const handle = guarded(() => openSync(part, 'w'));
  return {
    write: (text) => guarded(() => void writeSync(handle, text)),
    close: () =>
      guarded(() => {
        closeSync(handle);
        renameSync(part, file);
      }),
  };
}

function eventList(events: readonly AuditEventView[], options: Globals, io: Io): string {
  if (events.length === 0) return 'No events.\n';
  const heads = ['NO', 'AT', 'EVENT', 'ACTOR', 'WHAT'].map((title, i) => ({
    title,
    right: i === 0,
    gives: title === 'WHAT',
  }));
  const rows = events.map(({ seq, at, type, severity, actor, data }) => [
    String(seq),
    at.replace('T', ' '),
    {
      text: harmless(type),
      ...(severity !== 'info' && { style: severity === 'error' ? ('red' as const) : ('yellow' as const) }),
    },
    harmless(actor),
    harmless(short(data)),
  ]);
  const paint = paintFor(io.stdout, io, options.color);
  return `${columns(heads, rows, { width: io.stdout.columns ?? Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

/** Fields of an event in one line. */
function short(data: AuditEventView['data']): string {
  const { table, ...rest } = data;
  const text = Object.entries(table === undefined ? rest : { table, ...rest })
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

/** Step by step; exit 0 when the trail is whole, 1 when it is not. */
async function verify(job: string, options: Globals & { root?: string }, api: Api, io: Io): Promise<number> {
  const faults: { readonly code: string; readonly seq: number; readonly message: string }[] = [];
  let step = await api.auditVerify(job, {});
  faults.push(...step.faults);
  while (step.next_token !== undefined) {
    step = await api.auditVerify(job, { next_token: step.next_token });
    faults.push(...step.faults);
  }
  const { root, roots, events, hash, sealed } = step;
  const noted = options.root?.trim().toLowerCase();
  const asNoted = noted === undefined || [root, ...roots].some((r) => r?.hash === noted);
  const whole = step.state === 'intact' && asNoted;
  if (options.json)
    io.stdout.write(`${JSON.stringify({ ...step, faults, state: whole ? 'intact' : 'broken' }, null, 2)}\n`);
  else {
    const lines = [
      whole ? 'intact' : 'BROKEN',
      `events  ${events}`,
      `hash    ${harmless(hash)}`,
      `root    ${root ? `${harmless(root.hash)} at event ${root.events}, ${harmless(root.at)}` : 'the job has not been sealed yet'}`,
      ...(roots.length > 1 ? [`        ${roots.length} roots, each over the one before`] : []),
      ...(asNoted ? [] : ['No root is the one you noted: the trail is not the one that was sealed then.']),
      ...faults.map((f) => `event ${f.seq}: ${harmless(f.code)}: ${harmless(f.message)}`),
    ];
    io.stdout.write(`${lines.join('\n')}\n`);
    if (step.faults_in_all > faults.length)
      io.stderr.write(`${step.faults_in_all - faults.length} more faults are not listed.\n`);
    if (whole && !sealed && root)
      io.stderr.write(`${events - root.events} events came behind what sealed the trail.\n`);
  }
  return whole ? EXIT.ok : EXIT.failed;
}

async function wholeReport(job: string, api: Api): Promise<AuditReportPart> {
  const first = await api.auditReport(job, {});
  const parts = [first];
  for (let last = first; last.next_token !== undefined; parts.push(last))
    last = await api.auditReport(job, { next_token: last.next_token });
  const whole = addReports(first, ...parts.slice(1));
  const { root } = parts.at(-1) ?? first;
  return { ...whole, ...pace(whole), ...(root && { root }) };
}

function render(report: AuditReportPart, format: string): string {
  if (format === 'html') return reportHtml(report, { root: report.root });
  return format === 'csv' ? reportCsv(report) : `${JSON.stringify(report, null, 2)}\n`;
}
