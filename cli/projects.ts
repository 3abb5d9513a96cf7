import { type Command, Option } from 'commander';
import type { JobMode } from '../lib/model/job.ts';
import { PARENT_MODES } from '../lib/model/project.ts';
import type { ProjectPlanView } from '../lib/model/project-plan.ts';
import type { Globals } from './audit.ts';
import { addConfigOptions, readConfig } from './config.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';
import type { GivenPair, Secrets } from './secrets.ts';

/** What a start is asked for, on the command line. */
export interface Begin extends Globals, GivenPair {
  readonly wait?: boolean;
}

interface Project extends Begin {
  readonly root?: string;
  readonly key?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly depth?: string;
  readonly parents?: string;
  readonly incremental?: boolean;
}

/** A key value, or a JSON object with a value for each column. */
function keyOf(text: string): unknown {
  if (!text.startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError('--key needs a value, or a JSON object {"column": value, ...}.', EXIT.refused);
  }
}

/** The config with its project: what flags say goes before what --config says. */
function configOf(options: Project): Record<string, unknown> {
  const config = readConfig({ ...options });
  const { root, key, include, exclude, depth, parents } = options;
  const given = {
    ...(root !== undefined && { root }),
    ...(key && { key: key.length === 1 ? keyOf(key[0] ?? '') : key.map(keyOf) }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(depth !== undefined && { depth: Number(depth) }),
    ...(parents !== undefined && { parents }),
  };
  return { ...config, project: { ...(config.project as object | undefined), ...given } };
}

const count = (rows: number | null) => (rows === null ? '?' : String(rows));

/** A plan as lines: the tables in order, and what is not followed. */
export function renderPlan(
  { tables, excluded, missing_indexes = [] }: ProjectPlanView,
  paint: ReturnType<typeof paintFor>,
): string {
  const heads = [
    { title: 'TABLE' },
    { title: 'ROLE' },
    { title: 'SOURCE', right: true },
    { title: 'TARGET', right: true },
    { title: 'PATH' },
  ];
  const rows = tables.map((t) => [
    harmless(t.name),
    t.role,
    count(t.rows.source),
    count(t.rows.target),
    harmless(t.path.join(' > ')),
  ]);
  const left = excluded.map((e) => harmless(`  ${e.table} by ${e.constraint} (${e.other}): ${e.note}`));
  const slow = missing_indexes.map((m) => harmless(`  ${m.side}: ${m.remedy}; -- ${m.constraint}, ${m.rows} rows`));
  return `${[
    ...columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }),
    ...(left.length > 0 ? ['Not followed:', ...left] : []),
    ...(slow.length > 0 ? ['Slow, for want of an index:', ...slow] : []),
  ].join('\n')}\n`;
}

const addProjectOptions = (command: Command) =>
  addConfigOptions(
    command
      .option('--root <table>', 'root table of the project, schema.table')
      .option('--key <value...>', 'key of a root row, or {"column": value, ...}; may be repeated')
      .option('--include <table...>', 'descend into these tables only')
      .option('--exclude <table...>', 'leave these tables out')
      .option('--depth <n>', 'how many foreign keys below the root children may be')
      .addOption(
        new Option('--parents <what>', 'what happens to rows that come along as parents').choices(PARENT_MODES),
      )
      .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
      .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
      .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
      .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
      .option('--json', 'print the answer as JSON'),
  );

/** Adds `tfsync projects` and what is below it. `begin` starts a job as `tfsync start` does. */
export function addProjectCommands(
  program: Command,
  { connect, io, secrets }: Pick<ConflictCommands, 'connect' | 'io'> & { readonly secrets: Secrets },
  begin: (mode: JobMode, options: Begin, config: Record<string, unknown>) => Promise<void>,
): void {
  const projects = program
    .command('projects')
    .description('sync the rows of a project: root rows and all that refers to them');

  addProjectOptions(projects.command('plan').description('say what a project is made of; starts nothing'))
    .addHelpText('before', 'Example:\n  tfsync projects plan --root public.parcels --key 7 --source URL --target URL\n')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Project>();
      const plan = await (await connect(options)).planProject({
        ...(await secrets.pair(options)),
        config: configOf(options),
      });
      const shown = options.json
        ? `${JSON.stringify(plan, null, 2)}\n`
        : renderPlan(plan, paintFor(io.stdout, io, options.color));
      io.stdout.write(shown);
    });

  addProjectOptions(
    projects
      .command('start')
      .description('start a job over a project')
      .option('--incremental', 'an incremental job instead of a full one')
      .option('--wait', 'show progress and wait until the job has ended'),
  )
    .addHelpText(
      'before',
      'Example:\n  tfsync projects start --root public.parcels --key 7 --source URL --target URL --wait\n',
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Project>();
      await begin(options.incremental ? 'incremental' : 'full', options, configOf(options));
    });
}
