import type { Command } from 'commander';
import { counted } from '../lib/model/figures.ts';
import type { Uninstall } from '../lib/model/uninstall.ts';
import { agreed } from './agreed.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { harmless } from './format.ts';
import type { Secrets } from './secrets.ts';

type Globals = Parameters<ConflictCommands['connect']>[0];

interface Options extends Globals {
  readonly database?: string;
  readonly everything?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

/** What there is, and what is lost with it. */
function keptLines({ had, job_secrets, environments, mask_keys }: Uninstall, everything: boolean): string[] {
  const lines = [
    [had.schema, `schema tf_sync, ${megabytes(had.bytes)}`],
    [
      had.jobs,
      `  checkpoints of ${counted(had.jobs, 'job')}, with ${had.quarantined} rows put aside; none of them can be resumed`,
    ],
    [
      had.baselines,
      `  what is known of ${counted(had.baselines, 'table')}: deletes are not carried over until the next full sync has been here`,
    ],
    [
      had.conflicts,
      `  ${counted(had.conflicts, 'conflict')}, ${had.open_conflicts} of them open: nobody can decide those any more`,
    ],
    ...had.slots.map((s) => [true, `slot ${s.slot}, which keeps ${megabytes(s.retained_bytes)} of log`] as const),
    ...had.publications.map((p) => [true, `publication ${p.publication}`] as const),
    [job_secrets, `the connections of ${counted(job_secrets, 'ended job')}`],
    [everything && environments.length, `environments: ${environments.join(', ')}, with their connections`],
    [everything && mask_keys, `${mask_keys} keys of masks: values are masked otherwise from then on`],
  ] as const;
  const kept = lines.flatMap(([there, text]) => (there ? [harmless(`  ${text}`)] : []));
  return kept.length > 0 ? kept : ['  nothing'];
}

/** What says the same of itself, and whose things stay. */
function copyLines({ copies }: Uninstall): string[] {
  const lines = copies.map(({ host, port, database, is, environments, jobs }) => {
    const why = is === 'another' ? 'a copy of this database, or its original' : 'may be a copy; nobody could ask it';
    const named = environments.length > 0 ? `environments ${environments.join(', ')}; ` : '';
    return `  what belongs to ${host}:${port}/${database} (${why}): ${named}${jobs} jobs`;
  });
  return lines.length > 0 ? [...lines, '  keys of masks, which copies have in common'] : [];
}

function stayLines(view: Uninstall, everything: boolean): string[] {
  const { had, environments, mask_keys } = view;
  const streams = had.streams.map(
    (s) => `  slot and publication ${s}, in the source of that pair: uninstall there too`,
  );
  const others = everything
    ? []
    : [
        ...(environments.length > 0 ? [`  environments: ${environments.join(', ')} (--everything)`] : []),
        ...(mask_keys > 0 ? [`  ${mask_keys} keys of masks (--everything)`] : []),
      ];
  const lines = [...streams, ...copyLines(view), ...others];
  return lines.length > 0 ? ['Stays:', ...lines.map(harmless)] : [];
}

function render(view: Uninstall, everything: boolean): string {
  const { host, port, database } = view.database;
  const head = view.confirmed ? (view.complete ? 'Removed from' : 'Removed in part from') : 'Would be removed from';
  const busy = view.jobs_under_way.map((id) => `  job ${id}`);
  return `${[
    harmless(`${head} ${host}:${port}/${database}:`),
    ...keptLines(view, everything),
    ...stayLines(view, everything),
    ...(view.schedules?.length ? [harmless(`Schedules that make it anew: ${view.schedules.join(', ')}`)] : []),
    ...(busy.length > 0 ? ['Under way; nothing is removed until they are stopped or have ended:', ...busy] : []),
    ...view.left.flatMap((l) => [harmless(`Left: ${l.what}: ${l.message} (${l.code})`), harmless(`  ${l.hint}`)]),
  ].join('\n')}\n`;
}

/** Adds `tfsync uninstall`. */
export function addUninstallCommand(
  program: Command,
  {
    connect,
    io,
    done,
    secrets,
  }: Pick<ConflictCommands, 'connect' | 'io'> & { readonly done: (code: number) => void; readonly secrets: Secrets },
): void {
  program
    .command('uninstall')
    .description('take the service out of one database: schema tf_sync, slots and publications; synced rows stay')
    .argument('[environment]', 'the database, by the name of its environment')
    .option('--database <url>', 'the database; - reads a line of standard input')
    .option('--everything', 'its environments and the keys of its masks as well')
    .option('--dry-run', 'only show what would be removed')
    .option('--yes', 'do not ask')
    .option('--json', 'print the last answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync uninstall training --dry-run
  tfsync uninstall --database - --yes < connection.txt

Once for each database that was a source or a target. Delete schedules first: the next job makes everything anew.
`,
    )
    .action(async (environment: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      if ((environment === undefined) === (options.database === undefined))
        throw new CommandError('Name the database: an environment, or --database URL.', EXIT.refused);
      const api = await connect(options);
      const everything = options.everything === true;
      const said =
        options.database === undefined ? { environment } : { connection: await secrets.line(options.database) };
      const look = await api.uninstall({ ...said, everything });
      if (options.dryRun) return void io.stdout.write(options.json ? json(look) : render(look, everything));
      if (!options.yes) {
        io.stderr.write(render(look, everything));
        if (!(await agreed('Remove all of this? [y/N] ', 'add --yes.', io))) {
          io.stderr.write('Nothing was removed.\n');
          return done(EXIT.refused);
        }
      }
      const removed = await api.uninstall({ ...said, everything, confirm: true });
      io.stdout.write(options.json ? json(removed) : render(removed, everything));
      if (!removed.complete) done(EXIT.failed);
    });
}
