import { type Command, Option } from 'commander';
import type { SlotWarningView } from '../lib/model/answers.ts';
import { counted } from '../lib/model/figures.ts';
import type { PairDrop } from '../lib/model/pair.ts';
import { SLOT_CONCERNS } from '../lib/model/slot.ts';
import type { SlotView } from '../lib/model/slot-view.ts';
import { agreed } from './agreed.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';
import type { GivenPair, Secrets } from './secrets.ts';

type Globals = Parameters<ConflictCommands['connect']>[0];

interface Drop extends Globals, GivenPair {
  readonly pair?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const meaningOf = (concern: string) => (SLOT_CONCERNS as Readonly<Record<string, string>>)[concern] ?? concern;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, in powers of 1024. */
function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

const why = ({ state, code, message, hint }: PairDrop['source'] | PairDrop['target']): string[] => [
  ...(code ? [`  ${harmless(`${state}: ${message ?? ''} (${code})`)}`] : []),
  ...(hint ? [`    ${harmless(hint)}`] : []),
];

function sourceLines(side: PairDrop['source']): string[] {
  if (side.state === 'not_asked') return ['Source: not asked, because there was no connection for it.'];
  const { slot, publication } = side.had ?? {};
  return [
    'Source:',
    ...why(side),
    ...(side.had ? [slot ? `  the slot, which keeps ${size(slot.retained_bytes)} of log` : '  no slot'] : []),
    ...(side.had ? [publication ? `  the publication of ${publication.tables} tables` : '  no publication'] : []),
  ];
}

function targetLines(side: PairDrop['target']): string[] {
  if (side.state === 'not_asked') return ['Target: not asked, because there was no connection for it.'];
  const { had } = side;
  if (!had) return ['Target:', ...why(side)];
  const kept = [
    [had.buckets + had.base_rows, `what is known of ${had.tables} tables, ${size(had.baseline_bytes)}`],
    [had.changed_keys, `${had.changed_keys} keys that have changed and wait for a job`],
    [had.watermarks, `${had.watermarks} watermarks`],
    [had.quiet_tables, `notes of ${had.quiet_tables} tables that nobody had touched`],
    [had.conflicts, `${counted(had.conflicts, 'conflict')}, ${had.open_conflicts} of them open`],
    [had.jobs, `checkpoints of ${had.jobs} jobs, with ${had.quarantined} rows put aside; none of them can be resumed`],
  ] as const;
  const lines = kept.flatMap(([n, text]) => (n > 0 ? [`  ${text}`] : []));
  return ['Target:', ...why(side), ...(lines.length > 0 ? lines : ['  nothing'])];
}

/** What there is of a pair, or what was dropped of it. */
function renderDrop(drop: PairDrop): string {
  const head = drop.confirmed
    ? drop.complete
      ? `Dropped: ${drop.pair}`
      : `Dropped in part: ${drop.pair}`
    : `Pair ${drop.pair}`;
  return `${[head, ...sourceLines(drop.source), ...targetLines(drop.target)].join('\n')}\n`;
}

/** Slots as lines of a table, with what is to be said of each below. */
function renderSlots(slots: readonly SlotView[], paint: ReturnType<typeof paintFor>): string {
  if (slots.length === 0) return 'No slots of this service.\n';
  const heads = ['SLOT', 'DATABASE', 'KEEPS', 'LIMIT', 'STATUS', 'LAST JOB', 'SAYS'].map((title) => ({ title }));
  const rows = slots.map((s) => [
    s.slot,
    harmless(s.database),
    size(s.retained_bytes),
    s.limit_bytes === undefined ? 'none' : size(s.limit_bytes),
    s.active ? 'read now' : s.wal_status,
    s.last_job ? `${s.last_job.state} ${s.last_job.created_at.slice(0, 10)}` : '',
    s.concerns.length > 0 ? { text: s.concerns.join(' '), style: 'yellow' as const } : 'fine',
  ]);
  const said = [...new Set(slots.flatMap((s) => s.concerns))].map((c) => `${c}: ${meaningOf(c)}`);
  const table = columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint });
  return `${[...table, ...(said.length > 0 ? ['', ...said] : [])].join('\n')}\n`;
}

/** What a status says of slots on the server of its source. */
export const slotLines = (warnings: readonly SlotWarningView[]): string[] =>
  warnings.flatMap((w) => [
    '',
    harmless(
      `${w.own ? 'Slot' : 'Another slot'} ${w.slot} keeps ${size(w.retained_bytes)} of log: ${meaningOf(w.concern)}`,
    ),
    harmless(`  ${w.remedy}`),
  ]);

/** A call that ran out of time goes on where the one before ended, so often. */
const MOST_CALLS = 200;

/** Adds `tfsync pairs drop` and `slots`; others add to it what keeps pairs. */
export function addPairCommands(
  program: Command,
  {
    connect,
    io,
    done,
    secrets,
  }: Pick<ConflictCommands, 'connect' | 'io'> & {
    readonly done: (code: number) => void;
    readonly secrets: Secrets;
  },
): Command {
  const pairs = program.command('pairs').description('keep pairs of databases, and look after them');

  pairs
    .command('drop')
    .description('give a pair up: its slot and publication in the source, and what the target knows of it; rows stay')
    .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
    .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
    .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
    .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
    .option('--pair <name>', 'where only one database is left: the name of the pair, tfsync_...')
    .option('--yes', 'do not ask')
    .option('--json', 'print the last answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync pairs drop --source URL --target URL
  tfsync pairs drop --source URL --pair tfsync_0123456789abcdef0123456789abcdef --yes

Delete its schedules first: the next job makes everything anew.
`,
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Drop>();
      const api = await connect(options);
      const ends = await secrets.someSides(options);
      if (Object.keys(ends).length === 0)
        throw new CommandError('Name at least one database: --source URL, --target URL.', EXIT.refused);
      const look = await api.dropPair({ ...ends, ...(options.pair !== undefined && { pair: options.pair }) });
      if (!options.yes) {
        io.stderr.write(renderDrop(look));
        if (!(await agreed('Drop all of this? [y/N] ', 'add --yes.', io))) {
          io.stderr.write('Nothing was dropped.\n');
          return done(EXIT.refused);
        }
      }
      let dropped = await api.dropPair({ ...ends, pair: look.pair, confirm: true });
      for (let n = 1; dropped.target.code === 'unavailable' && n < MOST_CALLS; n++)
        dropped = await api.dropPair({ ...ends, pair: look.pair, confirm: true });
      io.stdout.write(options.json ? json(dropped) : renderDrop(dropped));
      if (dropped.complete) return;
      io.stderr.write('Something is left. The same command again does the rest.\n');
      done(EXIT.failed);
    });

  pairs
    .command('slots')
    .description('list the replication slots of this service on the server of a source, and the log that each keeps')
    .option('--source <url>', 'any database of the server; - reads a line of standard input; else env TFSYNC_SOURCE')
    .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
    .option('--json', 'print the answer as JSON')
    .addHelpText('before', 'Example:\n  tfsync pairs slots --source postgresql://sync@prod/county\n')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Drop>();
      const api = await connect(options);
      const found = await api.slots(await secrets.side('source', options));
      io.stdout.write(options.json ? json(found) : renderSlots(found.slots, paintFor(io.stdout, io, options.color)));
    });
  return pairs;
}
