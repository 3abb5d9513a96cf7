import { type Command, Option } from 'commander';
import type { FleetPreview, FleetView } from '../lib/model/fleet-view.ts';
import { JOB_MODES } from '../lib/model/job.ts';
import { OVERLAPS } from '../lib/model/schedule.ts';
import { agreed } from './agreed.ts';
import type { Api } from './api.ts';
import type { Globals } from './audit.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { type Io, paintFor } from './io.ts';
import { addPairFilters, type PairFlags } from './kept-pairs.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const instant = (iso: string) => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

const countsText = (o: FleetView) => `${o.done} done, ${o.skipped} skipped, ${o.failed} failed of ${o.count}`;

const failureLines = ({ failures }: FleetView) =>
  failures.map((f) => `  ${harmless(`${f.pair}: ${f.code ?? ''} ${f.message ?? ''}`)}\n`).join('');

interface Flags extends Globals, PairFlags {
  readonly pair?: readonly string[];
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly note?: string;
  readonly mode?: string;
  readonly dryRun?: boolean;
  readonly atOnce?: string;
  readonly expression?: string;
  readonly timezone?: string;
  readonly spreadMinutes?: string;
  readonly overlap?: string;
  readonly paused?: boolean;
}

/** All pairs are meant only where that is said: a flag that was forgotten must not stop a fleet. */
function filterOf({ group, prefix, state, overdueHours, pair, all }: Flags): object {
  const filter = {
    ...(group !== undefined && { group }),
    ...(prefix !== undefined && { prefix }),
    ...(state !== undefined && { state }),
    ...(overdueHours !== undefined && { overdue_hours: Number(overdueHours) }),
    ...(pair !== undefined && { names: pair }),
  };
  if ((Object.keys(filter).length === 0) === (all === true)) return filter;
  throw new CommandError(
    'Say which pairs: --group, --prefix, --state, --overdue-hours, --pair; or --all.',
    EXIT.refused,
  );
}

function workOf(action: string, o: Flags): object {
  const { mode, dryRun: dry_run, atOnce, expression, timezone, spreadMinutes, overlap, paused } = o;
  const schedule = {
    expression,
    ...(timezone !== undefined && { timezone }),
    ...(spreadMinutes !== undefined && { spread_minutes: Number(spreadMinutes) }),
    ...(overlap !== undefined && { overlap }),
    ...(paused !== undefined && { paused }),
  };
  return {
    action,
    ...(mode !== undefined && { mode }),
    ...(dry_run !== undefined && { dry_run }),
    ...(atOnce !== undefined && { at_once: Number(atOnce) }),
    ...(action === 'schedule' && { schedule }),
  };
}

const named = ({ count, pairs }: FleetPreview) =>
  pairs.length === 0 ? '' : `${harmless(pairs.join(' '))}${count > pairs.length ? ' ...' : ''}\n`;

async function follow(id: string, api: Api, io: Io): Promise<FleetView> {
  let told = '';
  for (;;) {
    const now = await api.fleetOrder(id);
    const line = `${now.state}: ${countsText(now)}`;
    if (line !== told) io.stderr.write(`${line}\n`);
    told = line;
    if (now.ended_at !== undefined) return now;
    await io.pause(1_000);
    if (io.interrupted.aborted) throw new CommandError('Interrupted; the order goes on by itself.', EXIT.interrupted);
  }
}

const ACTIONS = [
  ['start', 'start a job for each of many pairs'],
  ['stop', 'stop the jobs of many pairs that work'],
  ['resume', 'let the jobs of many pairs go on that were stopped, paused or have failed'],
  ['schedule', 'give each of many pairs a schedule of its name'],
  ['unschedule', 'delete the schedules of many pairs'],
] as const;

/** Adds `tfsync fleet` and what is below it. */
export function addFleetCommands(program: Command, { connect, io, done }: ConflictCommands): void {
  const fleet = program
    .command('fleet')
    .description('do something with many pairs that are kept')
    .addHelpText(
      'before',
      `Examples:
  tfsync fleet start --group counties --at-once 40
  tfsync fleet resume --state failed --yes
  tfsync fleet schedule --all --expression 'cron(0 2 * * ? *)' --timezone America/Chicago --spread-minutes 60
`,
    );

  for (const [action, what] of ACTIONS) {
    const command = addPairFilters(
      fleet.command(action).description(`${what}: counts them, asks, and follows the order`),
    )
      .option('--pair <name...>', 'only these pairs')
      .option('--all', 'all pairs')
      .option('--note <text>', 'why; kept with the order')
      .option('--yes', 'do not ask')
      .option('--json', 'print the last answer as JSON');
    if (action === 'start')
      command
        .addOption(new Option('--mode <mode>', 'in place of the mode of each pair').choices(JOB_MODES))
        .option('--dry-run', 'only say what would change')
        .option('--at-once <n>', 'so many of its jobs work at once at most; default 40');
    if (action === 'schedule')
      command
        .requiredOption('--expression <when>', 'rate(1 day), or cron(minutes hours day month weekday year)')
        .option('--timezone <zone>', 'in which cron(...) is read; default UTC')
        .option('--spread-minutes <n>', 'each run comes up to so many minutes late, at random; default 15')
        .addOption(new Option('--overlap <what>', 'what happens to a run while the one before works').choices(OVERLAPS))
        .option('--paused', 'nothing is started for now');
    command.action(async (_options, given: Command) => {
      const options = given.optsWithGlobals<Flags>();
      const order = { ...workOf(action, options), filter: filterOf(options) };
      const api = await connect(options);
      const preview = await api.previewFleet(order);
      if (preview.count === 0) return void io.stdout.write(options.json ? json(preview) : 'No pairs.\n');
      if (!options.yes) {
        io.stderr.write(named(preview));
        if (!(await agreed(`${action} ${preview.count} pairs? [y/N] `, 'add --yes.', io)))
          throw new CommandError('Nothing was done.', EXIT.refused);
      }
      const { note } = options;
      const said = { ...order, expected_count: preview.count, ...(note !== undefined && { note }) };
      const { order_id } = await api.orderFleet(said);
      io.stderr.write(`Ordered; to end it early: tfsync fleet cancel ${harmless(order_id)}\n`);
      const ended = await follow(order_id, api, io);
      io.stdout.write(options.json ? json(ended) : `${ended.state}: ${countsText(ended)}\n${failureLines(ended)}`);
      done(ended.state !== 'completed' ? EXIT.failed : ended.failed > 0 ? EXIT.issues : EXIT.ok);
    });
  }

  fleet
    .command('orders')
    .description('list the newest orders over many pairs')
    .option('--json', 'print the answer as JSON')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).fleetOrders();
      if (options.json) return void io.stdout.write(json(found));
      const heads = ['ORDER', 'ACTION', 'STATE', 'PAIRS', 'BY', 'AT'].map((title) => ({ title }));
      const rows = found.orders.map((o) => [
        o.order_id,
        o.action,
        o.state,
        countsText(o),
        harmless(o.actor),
        instant(o.created_at),
      ]);
      const paint = paintFor(io.stdout, io, options.color);
      const table = columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n');
      io.stdout.write(rows.length > 0 ? `${table}\n` : 'No orders.\n');
    });

  for (const [word, what] of [
    ['show', 'how far an order over many pairs has come'],
    ['cancel', 'end an order over many pairs; what was begun goes on'],
  ] as const)
    fleet
      .command(word)
      .description(what)
      .argument('<order>', 'the id that was printed')
      .option('--json', 'print the answer as JSON')
      .action(async (id: string, _options, command: Command) => {
        const options = command.optsWithGlobals<Globals>();
        const api = await connect(options);
        const order = await (word === 'show' ? api.fleetOrder(id) : api.cancelFleet(id));
        io.stdout.write(
          options.json ? json(order) : `${order.action}, ${order.state}: ${countsText(order)}\n${failureLines(order)}`,
        );
      });
}
