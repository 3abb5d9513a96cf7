import type { Command } from 'commander';
import type { ConflictDetail, ConflictField, ConflictView, ResolutionView } from '../lib/model/conflict-answers.ts';
import { counted } from '../lib/model/figures.ts';
import { agreed } from './agreed.ts';
import type { Api } from './api.ts';
import { CommandError, EXIT } from './exit.ts';
import { type Cell, columns, harmless } from './format.ts';
import { type Io, paintFor } from './io.ts';

interface Globals {
  readonly url: string;
  readonly tokenFile?: string;
  readonly color: boolean;
  readonly json?: boolean;
}

/** What the commands need of the program. */
export interface ConflictCommands {
  readonly connect: (options: Globals) => Promise<Api>;
  readonly io: Io;
  readonly done: (exitCode: number) => void;
}

interface Filters {
  readonly table?: string;
  readonly type?: string;
  readonly openedFrom?: string;
  readonly openedTo?: string;
}

const addFilters = (command: Command): Command =>
  command
    .option('--table <name>', 'only conflicts of this table (schema.table)')
    .option('--type <type>', 'only conflicts of this type')
    .option('--opened-from <instant>', 'only conflicts opened at or after this instant')
    .option('--opened-to <instant>', 'only conflicts opened before this instant');

const filterOf = ({ table, type, openedFrom, openedTo }: Filters) => ({
  ...(table !== undefined && { table }),
  ...(type !== undefined && { type }),
  ...(openedFrom !== undefined && { opened_from: openedFrom }),
  ...(openedTo !== undefined && { opened_to: openedTo }),
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Characters of a value in the table of three columns. */
const SHOWN = 40;

function valueCell(value: string | null | undefined): Cell {
  if (value === undefined) return { text: '-', style: 'dim' };
  if (value === null) return { text: 'NULL', style: 'dim' };
  const text = harmless(value.slice(0, SHOWN + 1)); // rows hold whatever somebody typed
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

const fieldRow = (field: ConflictField): readonly Cell[] => [
  { text: `${field.differs ? '* ' : '  '}${harmless(field.column)}`, ...(field.differs && { style: 'bold' as const }) },
  valueCell(field.base),
  valueCell(field.source),
  valueCell(field.target),
];

function suggestionText({ decision, reason }: ConflictDetail['suggestion']): string {
  if (!decision) return reason;
  if ('side' in decision) return `${decision.side}. ${reason}`;
  const fields = Object.entries(decision.fields).map(([column, { side }]) => `${column}=${side}`);
  return `${fields.join(' ')}. ${reason}`;
}

/** A conflict as a table of three columns, differing columns first. */
export function renderConflict(detail: ConflictDetail, paint: ReturnType<typeof paintFor>): string {
  const head = `${detail.table} (${detail.key.join(', ')}): ${detail.type}, ${detail.state}`;
  const heads = ['  COLUMN', 'BASE', 'SOURCE', 'TARGET'].map((title) => ({ title }));
  const rows = detail.fields.map(fieldRow);
  const none = (['source', 'target'] as const).filter((side) => detail.sides[side] === 'none');
  return [
    paint('bold', harmless(head)),
    harmless(detail.reason),
    ...none.map((side) => `The ${side} has no such row.`),
    ...(detail.sides.base === 'unknown' ? ['The values of the last decision are not known.'] : []),
    '',
    ...columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }),
    '',
    ...(detail.decision
      ? [harmless(`Decided by ${detail.decision.actor} at ${detail.decision.at}: ${detail.decision.winner}`)]
      : [harmless(`Suggested: ${suggestionText(detail.suggestion)}`)]),
    '',
  ].join('\n');
}

function conflictList(conflicts: readonly ConflictView[], io: Io, color: boolean): string {
  if (conflicts.length === 0) return 'No conflicts.\n';
  const heads = ['CONFLICT', 'STATE', 'TYPE', 'TABLE', 'KEY', 'CHANGED', 'OPENED'].map((title) => ({ title }));
  const rows = conflicts.map((c) => [
    c.conflict_id,
    c.state,
    c.type,
    harmless(c.table),
    valueCell(c.key.join(', ')),
    valueCell(c.changed.join(', ')),
    c.opened_at.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z'),
  ]);
  const paint = paintFor(io.stdout, io, color);
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`; // an id must stay whole
}

interface Choice {
  readonly source?: boolean;
  readonly target?: boolean;
  readonly strategy?: string;
  readonly field?: readonly string[];
  readonly value?: readonly string[];
}

const split = (text: string, option: string): readonly [string, string] => {
  const at = text.indexOf('=');
  if (at < 1) throw new CommandError(`${option} needs column=..., such as ${option} name=source.`, EXIT.refused);
  return [text.slice(0, at), text.slice(at + 1)];
};

function sideOf({ source, target, strategy, field, value }: Choice) {
  const given = [source, target, strategy !== undefined, field !== undefined || value !== undefined].filter(Boolean);
  if (given.length === 1) return source ? 'source' : target ? 'target' : undefined;
  throw new CommandError('Say one of --source, --target, --strategy, or --field and --value.', EXIT.refused);
}

/** The decision that the options name. `--value column=` is the empty text; `--value column=NULL` cannot be said. */
function decisionOf(choice: Choice): object {
  const side = sideOf(choice);
  if (side) return { side };
  if (choice.strategy !== undefined) return { strategy: choice.strategy };
  const fields = [
    ...(choice.field ?? []).map((text) => {
      const [column, of] = split(text, '--field');
      return [column, of === 'null' ? { value: null } : { side: of }] as const;
    }),
    ...(choice.value ?? []).map((text) => {
      const [column, value] = split(text, '--value');
      return [column, { value }] as const;
    }),
  ];
  return { fields: Object.fromEntries(fields) };
}

const countsText = ({ counts }: ResolutionView) =>
  `${counts.applied} applied, ${counts.stale} moved meanwhile, ${counts.already_resolved} decided before, ${counts.failed} left open`;

async function followResolution(statusUrl: string, api: Api, io: Io): Promise<ResolutionView> {
  let told = '';
  for (;;) {
    const now = await api.resolution(statusUrl);
    const line = `${now.state}: ${countsText(now)} of ${now.listed}${now.waits ? `; waits: ${harmless(now.waits.code)}` : ''}`;
    if (line !== told) io.stderr.write(`${line}\n`);
    told = line;
    if (now.ended_at !== undefined) return now;
    await io.pause(1_000);
    if (io.interrupted.aborted) throw new CommandError('Interrupted; the order goes on by itself.', EXIT.interrupted);
  }
}

function exitOf({ state, counts }: ResolutionView): number {
  if (state !== 'completed') return EXIT.failed;
  return counts.stale + counts.failed > 0 ? EXIT.issues : EXIT.ok;
}

const collect = (text: string, before: readonly string[] = []) => [...before, text];

/** Adds the commands that look at conflicts and decide them. */
export function addConflictCommands(program: Command, { connect, io, done }: ConflictCommands): void {
  const job = (name: string, what: string) =>
    program.command(name).description(what).argument('<job>', 'job id').option('--json', 'print the answer as JSON');

  addFilters(job('conflicts', 'list the conflicts of a job, oldest first'))
    .option('--status <state>', 'only conflicts in this state: open, resolved, converged, superseded')
    .option('--limit <n>', 'most conflicts on one page')
    .option('--next-token <token>', 'the page after the one that printed it')
    .action(async (id: string, _options, command: Command) => {
      type Query = Filters & { status?: string; limit?: string; nextToken?: string };
      const options = command.optsWithGlobals<Globals & Query>();
      const { status, limit, nextToken } = options;
      const page = await (await connect(options)).conflicts(id, {
        ...filterOf(options),
        ...(status !== undefined && { status }),
        ...(limit !== undefined && { limit }),
        ...(nextToken !== undefined && { next_token: nextToken }),
      });
      io.stdout.write(options.json ? json(page) : conflictList(page.conflicts, io, options.color));
      if (page.next_token && !options.json)
        io.stderr.write(
          `More: tfsync conflicts ${id} --next-token ${harmless(page.next_token)} and the same filters\n`,
        );
    });

  job('conflict', 'show a conflict: both rows as they are now, and the row of the last decision')
    .argument('<conflict>', 'conflict id')
    .action(async (id: string, conflict: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const detail = await (await connect(options)).conflict(id, conflict);
      io.stdout.write(options.json ? json(detail) : renderConflict(detail, paintFor(io.stdout, io, options.color)));
    });

  job('resolve', 'decide a conflict, on both rows as they are now; they are shown first')
    .argument('<conflict>', 'conflict id')
    .option('--source', 'the row of the source')
    .option('--target', 'the row of the target')
    .option('--strategy <name>', 'what this strategy decides')
    .option('--field <column=side>', 'of a column: source, target or null; again for each column', collect)
    .option('--value <column=value>', 'of a column: this value, as PostgreSQL text; again for each column', collect)
    .option('--note <text>', 'why; kept with the decision')
    .addHelpText(
      'before',
      `Examples:
  tfsync resolve JOB CONFLICT --target
  tfsync resolve JOB CONFLICT --field name=source --value phone=555-0100 --note "by phone"
`,
    )
    .action(async (id: string, conflict: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & Choice & { note?: string }>();
      const decision = decisionOf(options);
      const api = await connect(options);
      const detail = await api.conflict(id, conflict);
      if (!options.json) io.stderr.write(renderConflict(detail, paintFor(io.stderr, io, options.color)));
      const { note } = options;
      const body = { ...decision, expected: detail.expected, ...(note !== undefined && { note }) };
      const answer = await api.resolve(id, conflict, body);
      io.stdout.write(options.json ? json(answer) : `${answer.conflict.state}: ${answer.conflict.decision?.winner}\n`);
    });

  addFilters(job('resolve-all', 'decide many open conflicts alike: counts them, asks, and follows the order'))
    .option('--source', 'the row of the source, for each')
    .option('--target', 'the row of the target, for each')
    .option('--strategy <name>', 'what this strategy decides of each')
    .option('--if-moved <what>', 'with one that has moved since it was listed: leave it open (default), or decide it')
    .option('--note <text>', 'why; kept with each decision')
    .option('--yes', 'do not ask')
    .addHelpText('before', 'Example:\n  tfsync resolve-all JOB --strategy newer_wins --table public.parcels\n')
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<
        Globals & Choice & Filters & { note?: string; yes?: boolean; ifMoved?: string }
      >();
      const { ifMoved } = options;
      const moved = ifMoved === undefined ? {} : { if_moved: ifMoved };
      const decision = { ...decisionOf(options), ...moved, filter: filterOf(options) };
      const api = await connect(options);
      const { count } = await api.previewAll(id, decision);
      if (
        count > 0 &&
        !options.yes &&
        !(await agreed(`Decide ${counted(count, 'conflict')}? [y/N] `, 'add --yes to decide them.', io))
      )
        throw new CommandError('Nothing was decided.', EXIT.refused);
      if (count === 0) return void io.stdout.write(options.json ? json({ count }) : 'No open conflicts.\n');
      const { note } = options;
      const order = { ...decision, expected_count: count, ...(note !== undefined && { note }) };
      const { resolution_id, status_url } = await api.resolveAll(id, order);
      io.stderr.write(`Ordered; to end it early: tfsync cancel-resolve-all ${id} ${harmless(resolution_id)}\n`);
      const ended = await followResolution(status_url, api, io);
      io.stdout.write(options.json ? json(ended) : `${ended.state}: ${countsText(ended)}\n`);
      if (ended.failure) io.stderr.write(`${harmless(ended.failure.message)} (${ended.failure.code})\n`);
      done(exitOf(ended));
    });

  job('cancel-resolve-all', 'end an order to decide many conflicts; what was decided stays')
    .argument('<resolution>', 'the id that resolve-all printed')
    .action(async (id: string, resolution: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const now = await (await connect(options)).cancelResolution(id, resolution);
      io.stdout.write(options.json ? json(now) : `${now.state}: ${countsText(now)} of ${now.listed}\n`);
    });
}
