import { type Command, Option } from 'commander';
import { PAIR_STATES } from '../lib/model/fleet.ts';
import type { PairSummary, PairView } from '../lib/model/fleet-view.ts';
import { JOB_MODES } from '../lib/model/job.ts';
import type { Globals } from './audit.ts';
import { addConfigOptions, readConfig } from './config.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const instant = (iso: string | undefined) => (iso ?? '').replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

/** Which pairs, as flags say it. */
export interface PairFlags {
  readonly group?: string;
  readonly prefix?: string;
  readonly state?: string;
  readonly overdueHours?: string;
}

export const addPairFilters = (command: Command): Command =>
  command
    .option('--group <name>', 'only pairs of this group')
    .option('--prefix <text>', 'only pairs whose name begins so')
    .addOption(
      new Option('--state <state>', 'only pairs whose last job is so; never: that have none').choices(PAIR_STATES),
    )
    .option('--overdue-hours <n>', 'only pairs of which no job has completed for so many hours');

const stateText = ({ state, last }: PairSummary) => {
  const text = last?.code ? `${state} (${harmless(last.code)})` : state;
  if (state === 'failed') return { text, style: 'red' as const };
  return state === 'paused' || state === 'issues' ? { text, style: 'yellow' as const } : text;
};

function renderList(pairs: readonly PairSummary[], paint: ReturnType<typeof paintFor>): string {
  if (pairs.length === 0) return 'No pairs.\n';
  const heads = ['PAIR', 'FROM', 'INTO', 'GROUPS', 'STATE', 'LAST SUCCESS', 'NEXT RUN', 'CONFLICTS'];
  const rows = pairs.map((p) => [
    p.name,
    p.source_environment,
    p.target_environment,
    p.groups.join(' '),
    stateText(p),
    instant(p.last_success_at),
    p.schedule?.paused ? 'paused' : instant(p.schedule?.next_run),
    String(p.last?.open_conflicts || ''),
  ]);
  const titles = heads.map((title) => ({ title }));
  return `${columns(titles, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

function renderOne(p: PairView): string {
  return `${[
    `${p.name}: ${p.mode} sync, ${p.source_environment} -> ${p.target_environment}`,
    ...(p.description ? [harmless(p.description)] : []),
    ...(p.groups.length > 0 ? [`Groups: ${p.groups.join(' ')}`] : []),
    p.last
      ? harmless(
          `Last job: ${p.last.job_id} ${p.last.state}${p.last.code ? ` (${p.last.code})` : ''} ${instant(p.last.created_at)}`,
        )
      : 'No job yet.',
    ...(p.last_success_at ? [`Last success: ${instant(p.last_success_at)}`] : []),
    ...(p.schedule
      ? [`Schedule: ${harmless(p.schedule.expression)} in ${p.schedule.timezone}${p.schedule.paused ? ', paused' : ''}`]
      : []),
  ].join('\n')}\n`;
}

interface Put extends Globals {
  readonly sourceEnv?: string;
  readonly targetEnv?: string;
  readonly description?: string;
  readonly group?: readonly string[];
  readonly mode?: string;
  readonly config?: string;
}

/** Adds to `tfsync pairs` what keeps them. */
export function addKeptPairCommands(pairs: Command, { connect, io }: Pick<ConflictCommands, 'connect' | 'io'>): void {
  addPairFilters(pairs.command('list').description('list pairs that are kept, with their last job and next run'))
    .option('--limit <n>', 'most pairs on one page')
    .option('--next-token <token>', 'the page after the one that printed it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('before', 'Example:\n  tfsync pairs list --group counties --state failed\n')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals & PairFlags & { limit?: string; nextToken?: string }>();
      const { group, prefix, state, overdueHours, limit, nextToken } = options;
      const page = await (await connect(options)).pairs({
        group,
        prefix,
        state,
        overdue_hours: overdueHours,
        limit,
        next_token: nextToken,
      });
      io.stdout.write(options.json ? json(page) : renderList(page.pairs, paintFor(io.stdout, io, options.color)));
      if (page.next_token && !options.json)
        io.stderr.write(`More: tfsync pairs list --next-token ${harmless(page.next_token)} and the same filters\n`);
    });

  pairs
    .command('show')
    .description('show one pair that is kept')
    .argument('<name>', 'name of the pair')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).pair(name);
      if (!found) throw new CommandError(`There is no pair ${harmless(name)}.`, EXIT.refused);
      io.stdout.write(options.json ? json(found.view) : renderOne(found.view));
    });

  addConfigOptions(
    pairs
      .command('put')
      .description('keep a pair, or change one; what is not said stays as it is')
      .argument('<name>', 'name of the pair: lower case letters, digits, - and _')
      .option('--source-env <name>', 'environment that rows come from')
      .option('--target-env <name>', 'environment that they go into')
      .option('--group <name...>', 'groups that it is in')
      .option('--description <text>', 'for people')
      .addOption(new Option('--mode <mode>', 'mode of its jobs; default incremental').choices(JOB_MODES))
      .option('--json', 'print the answer as JSON'),
  ).action(async (name: string, _options, command: Command) => {
    const options = command.optsWithGlobals<Put>();
    const api = await connect(options);
    const before = await api.pair(name);
    const { source_environment, target_environment, groups, description, mode } = before?.view ?? {};
    const kept = { source_environment, target_environment, groups, description, mode, config: before?.view.config };
    const given = readConfig({ ...options });
    // --config says all of it; a flag says one field, and the others stay: a mapping with its masks must not go by the way
    const config = options.config === undefined ? { ...before?.view.config, ...given } : given;
    const said = {
      source_environment: options.sourceEnv,
      target_environment: options.targetEnv,
      groups: options.group,
      description: options.description,
      mode: options.mode,
      config: Object.keys(given).length > 0 ? config : undefined,
    };
    const over = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
    const put = await api.putPair(name, { ...kept, ...over }, before?.etag);
    io.stdout.write(options.json ? json(put) : renderOne(put));
  });

  pairs
    .command('delete')
    .description('keep a pair no longer; no database is touched, and its schedule goes on')
    .argument('<name>', 'name of the pair')
    .action(async (name: string, _options, command: Command) => {
      const api = await connect(command.optsWithGlobals<Globals>());
      const found = await api.pair(name);
      if (!found) throw new CommandError(`There is no pair ${harmless(name)}.`, EXIT.refused);
      await api.deletePair(name, found.etag);
      io.stderr.write('Deleted.\n');
    });
}
