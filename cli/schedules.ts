import type { Command } from 'commander';
import { Option } from 'commander';
import type { ScheduleView } from '../lib/model/answers.ts';
import { JOB_MODES } from '../lib/model/job.ts';
import { OVERLAPS } from '../lib/model/schedule.ts';
import type { Globals } from './audit.ts';
import { addConfigOptions, readConfig } from './config.ts';
import type { ConflictCommands } from './conflicts.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';
import type { GivenPair, Secrets } from './secrets.ts';

interface Put extends Globals, GivenPair {
  readonly expression: string;
  readonly timezone?: string;
  readonly flexibleMinutes?: string;
  readonly mode?: string;
  readonly overlap?: string;
  readonly paused?: boolean;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const instant = (iso: string | undefined) => (iso ?? '').replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

/** Schedules as lines of a table. */
function renderList(schedules: readonly ScheduleView[], paint: ReturnType<typeof paintFor>): string {
  if (schedules.length === 0) return 'No schedules.\n';
  const heads = ['SCHEDULE', 'STARTS', 'WHEN', 'ZONE', 'NEXT', 'LAST'].map((title) => ({ title }));
  const rows = schedules.map((s) => {
    const [last] = s.runs;
    return [
      s.name,
      s.mode,
      s.expression,
      s.timezone,
      s.paused ? { text: 'paused', style: 'yellow' as const } : instant(s.next_runs[0]),
      last ? harmless(`${last.outcome}${last.code ? ` (${last.code})` : ''} ${instant(last.due)}`) : '',
    ];
  });
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

/** One schedule: what it does, its next runs, and what became of the last ones. */
function renderOne(s: ScheduleView): string {
  const place = (side: 'source' | 'target') => {
    const { host, port, database } = s[side];
    const name = s.environments?.[side];
    return harmless(`${name === undefined ? '' : `${name}: `}${database} (${host}:${port})`);
  };
  const window = s.flexible_minutes > 0 ? `, up to ${s.flexible_minutes} minutes late` : '';
  const runs = s.runs.map((r) =>
    harmless(
      `  ${instant(r.due)}  ${r.outcome}${r.job_id ? `  ${r.job_id}` : ''}${r.code ? `  ${r.code}: ${r.message ?? ''}` : ''}`,
    ),
  );
  return `${[
    `${s.name}: ${s.mode} sync, ${s.expression} in ${s.timezone}${window}, overlap ${s.overlap}${s.paused ? ', paused' : ''}`,
    `${place('source')} -> ${place('target')}`,
    ...(s.approval ? [harmless(`Approved by ${s.approval.approved_by} at ${instant(s.approval.approved_at)}`)] : []),
    ...(s.next_runs.length > 0 ? ['Next runs:', ...s.next_runs.map((at) => `  ${instant(at)}`)] : []),
    ...(runs.length > 0 ? ['Last runs:', ...runs] : []),
  ].join('\n')}\n`;
}

/** What a PUT takes of what a GET answers; connections stay as they are. */
const again = ({ expression, timezone, flexible_minutes, mode, overlap, config }: ScheduleView) => ({
  expression,
  timezone,
  flexible_minutes,
  mode,
  overlap,
  config,
});

/** Adds `tfsync schedules` and what is below it. */
export function addScheduleCommands(
  program: Command,
  { connect, io, secrets }: Pick<ConflictCommands, 'connect' | 'io'> & { readonly secrets: Secrets },
): void {
  const tell = (schedule: ScheduleView, { json: asJson }: Globals) =>
    void io.stdout.write(asJson ? json(schedule) : renderOne(schedule));
  const schedules = program
    .command('schedules')
    .description('list schedules, with what they did last and when they run next')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync schedules
  tfsync schedules put nightly --expression 'cron(0 2 ? * MON-FRI *)' --timezone America/Chicago --source URL --target URL
  tfsync schedules pause nightly
`,
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).schedules();
      io.stdout.write(options.json ? json(found) : renderList(found.schedules, paintFor(io.stdout, io, options.color)));
    });

  schedules
    .command('show')
    .description('show one schedule, its next runs and its last ones')
    .argument('<name>', 'name of the schedule')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      tell(await (await connect(options)).schedule(name), options);
    });

  addConfigOptions(
    schedules
      .command('put')
      .description('make a schedule, or put another in its place; without connections it keeps those that it has')
      .argument('<name>', 'name of the schedule: lower case letters, digits, - and _')
      .requiredOption('--expression <when>', 'rate(1 day), or cron(minutes hours day month weekday year)')
      .option('--timezone <zone>', 'in which cron(...) is read, such as America/Chicago; default UTC')
      .option('--flexible-minutes <n>', 'a run may come so many minutes late; default 0')
      .addOption(new Option('--mode <mode>', 'what is started; default incremental').choices(JOB_MODES))
      .addOption(new Option('--overlap <what>', 'what happens to a run while the one before works').choices(OVERLAPS))
      .option('--paused', 'nothing is started for now')
      .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
      .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
      .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
      .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
      .option('--json', 'print the answer as JSON'),
  ).action(async (name: string, _options, command: Command) => {
    const options = command.optsWithGlobals<Put>();
    const api = await connect(options);
    const { TFSYNC_SOURCE: from, TFSYNC_TARGET: to } = io.env;
    const said = [options.source, options.target, options.sourceEnv, options.targetEnv, from, to];
    const given = said.some((text) => text !== undefined && text !== '');
    const connections = given && (await secrets.pair(options));
    const { expression, timezone, flexibleMinutes, mode, overlap, paused } = options;
    const put = {
      expression,
      ...(timezone !== undefined && { timezone }),
      ...(flexibleMinutes !== undefined && { flexible_minutes: Number(flexibleMinutes) }),
      ...(mode !== undefined && { mode }),
      ...(overlap !== undefined && { overlap }),
      ...(paused !== undefined && { paused }),
      ...connections,
      config: readConfig({ ...options }),
    };
    tell(await api.putSchedule(name, put), options);
  });

  for (const [word, paused, what] of [
    ['pause', true, 'let a schedule start nothing until it is resumed'],
    ['resume', false, 'let a paused schedule go on'],
  ] as const) {
    schedules
      .command(word)
      .description(what)
      .argument('<name>', 'name of the schedule')
      .option('--json', 'print the answer as JSON')
      .action(async (name: string, _options, command: Command) => {
        const options = command.optsWithGlobals<Globals>();
        const api = await connect(options);
        const { view, etag } = await api.seenSchedule(name);
        tell(await api.putSchedule(name, { ...again(view), paused }, etag), options);
      });
  }

  schedules
    .command('delete')
    .description('delete a schedule; jobs that it has started go on')
    .argument('<name>', 'name of the schedule')
    .action(async (name: string, _options, command: Command) => {
      await (await connect(command.optsWithGlobals<Globals>())).deleteSchedule(name);
      io.stderr.write('Deleted.\n');
    });
}
