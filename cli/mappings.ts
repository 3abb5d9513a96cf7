import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { agreed } from './agreed.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { harmless } from './format.ts';
import { paintFor } from './io.ts';
import { renderMapping, renderMappings, renderSuggestion } from './render-mapping.ts';
import type { GivenPair, Secrets } from './secrets.ts';

type Globals = Parameters<ConflictCommands['connect']>[0];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const FROM_0 = 'Examples:\n';

/** Adds `tfsync mappings`. */
export function addMappingCommands(
  program: Command,
  { connect, io, done, secrets }: ConflictCommands & { readonly secrets: Pick<Secrets, 'pair' | 'side'> },
): void {
  const mappings = program.command('mappings').description('stored mappings: propose, look at, approve');
  const paint = (options: Globals) => paintFor(io.stdout, io, options.color);

  mappings
    .command('suggest')
    .description('propose a mapping for two databases and store it as a draft')
    .argument('<name>', 'name of the mapping')
    .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
    .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
    .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
    .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
    .option('--table <name...>', 'only these tables of the target (schema.table)')
    .option('--no-mask', 'only mark columns that seem to hold personal data')
    .option('--samples', 'look at values, for what they look like; no language model is sent any')
    .option('--no-model', 'ask no language model, even where there is one')
    .option('--preview-rows <n>', 'rows shown of each table, 0 to 5', '3')
    .option('--note <text>', 'why; kept with the draft')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `${FROM_0}  tfsync mappings suggest county-to-training --source - --target - < connections.txt
  tfsync mappings suggest county-to-training --table cama.parcel --no-mask

A draft does nothing. Look at it, then: tfsync mappings approve NAME VERSION
`,
    )
    .action(async (name: string, _options, command: Command) => {
      type Options = Globals &
        GivenPair & {
          table?: string[];
          mask: boolean;
          samples?: boolean;
          model: boolean;
          previewRows: string;
          note?: string;
        };
      const options = command.optsWithGlobals<Options>();
      if (!/^[0-5]$/.test(options.previewRows)) throw new CommandError('--preview-rows is 0 to 5.', EXIT.refused);
      const api = await connect(options);
      const found = await api.suggestMapping({
        name,
        ...(await secrets.pair(options)),
        mask: options.mask,
        samples: options.samples ?? false,
        model: options.model,
        preview_rows: Number(options.previewRows),
        ...(options.table && { tables: options.table }),
        ...(options.note !== undefined && { note: options.note }),
      });
      io.stdout.write(options.json ? json(found) : renderSuggestion(found, paint(options)));
      if (!options.json)
        io.stderr.write(
          `Nobody uses it yet. Approve it with: tfsync mappings approve ${found.name} ${found.version}\n`,
        );
    });

  mappings
    .command('expression')
    .description('an expression for a sentence, checked against a table of the source')
    .argument('<table>', 'table of the source (schema.table)')
    .argument('<sentence>', 'what the column is to hold')
    .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
    .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
    .option('--no-model', 'ask no language model, even where there is one')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `${FROM_0}  tfsync mappings expression public.owners "first name and last name joined by a space"\n`,
    )
    .action(async (table: string, sentence: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & GivenPair & { model: boolean }>();
      const api = await connect(options);
      const source = await secrets.side('source', options);
      const found = await api.suggestExpression({ ...source, table, sentence, model: options.model });
      io.stdout.write(options.json ? json(found) : `${harmless(found.expression)}\n`);
      if (!options.json)
        io.stderr.write(
          harmless(`${found.type}, of ${found.columns.join(', ')}; ${found.proposer}: ${found.reason}`).concat('\n'),
        );
    });

  mappings
    .command('list')
    .description('all stored mappings')
    .option('--json', 'print the list as JSON')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).mappings();
      io.stdout.write(options.json ? json({ mappings: found }) : renderMappings(found, paint(options)));
    });

  mappings
    .command('show')
    .description('a version of a stored mapping; without one, the newest')
    .argument('<name>', 'name of the mapping')
    .argument('[version]', 'number of the version')
    .option('--mapping', 'print the mapping alone as JSON, as a config and put take it')
    .option('--json', 'print the version as JSON')
    .action(async (name: string, version: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { mapping?: boolean }>();
      const { view } = await (await connect(options)).mapping(name, version);
      const text = () => (options.json ? json(view) : renderMapping(view, paint(options)));
      io.stdout.write(options.mapping ? json(view.mapping) : text());
    });

  mappings
    .command('put')
    .description('store a mapping from a file as a new version, as a draft')
    .argument('<name>', 'name of the mapping')
    .argument('<file>', 'file with the mapping as JSON')
    .option('--note <text>', 'why; kept with the version')
    .option('--json', 'print the version as JSON')
    .addHelpText(
      'before',
      `${FROM_0}  tfsync mappings show county --mapping > county.json\n  tfsync mappings put county county.json\n`,
    )
    .action(async (name: string, file: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { note?: string }>();
      const api = await connect(options);
      const { note } = options;
      const { view } = await api.putMapping(name, { mapping: readMapping(file), ...(note !== undefined && { note }) });
      io.stdout.write(options.json ? json(view) : renderMapping(view, paint(options)));
      if (!options.json)
        io.stderr.write(`Nobody uses it yet. Approve it with: tfsync mappings approve ${view.name} ${view.version}\n`);
    });

  mappings
    .command('approve')
    .description('make a version the one that jobs use; needs the role resolver')
    .argument('<name>', 'name of the mapping')
    .argument('<version>', 'number of the version')
    .option('--note <text>', 'why; kept with the approval')
    .option('--yes', 'do not ask')
    .option('--json', 'print the version as JSON')
    .addHelpText('before', `${FROM_0}  tfsync mappings approve county-to-training 3\n`)
    .action(async (name: string, version: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { note?: string; yes?: boolean }>();
      const api = await connect(options);
      const { view, etag } = await api.mapping(name, version);
      if (!options.yes) {
        io.stderr.write(renderMapping(view, paintFor(io.stderr, io, options.color)));
        const question = `Let jobs use version ${view.version} of ${view.name}? [y/N] `;
        if (!(await agreed(question, 'look at it with tfsync mappings show, then add --yes.', io)))
          return done(EXIT.refused);
      }
      const { note } = options;
      const approved = await api.approveMapping(
        name,
        { version: view.version, ...(note !== undefined && { note }) },
        etag,
      );
      io.stdout.write(
        options.json ? json(approved) : `${harmless(approved.name)}@${approved.version} ${approved.state}\n`,
      );
      if (!options.json) io.stderr.write(`Start with: tfsync start full --stored-mapping ${approved.name}\n`);
    });

  mappings
    .command('retire')
    .description('take a mapping out of use; jobs that run keep what they have')
    .argument('<name>', 'name of the mapping')
    .option('--note <text>', 'why; kept with the mapping')
    .option('--json', 'print the newest version as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { note?: string }>();
      const api = await connect(options);
      const { etag } = await api.mapping(name);
      const { note } = options;
      const view = await api.retireMapping(name, note === undefined ? {} : { note }, etag);
      io.stdout.write(options.json ? json(view) : `${harmless(view.name)}: no version is in force\n`);
    });

  mappings
    .command('discard')
    .description('forget a draft; its number is not used again')
    .argument('<name>', 'name of the mapping')
    .argument('<version>', 'number of the version')
    .action(async (name: string, version: string, _options, command: Command) => {
      await (await connect(command.optsWithGlobals<Globals>())).discardMapping(name, version);
      io.stderr.write('It is gone.\n');
    });
}

function readMapping(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // told below
  }
  throw new CommandError('The file must hold the mapping as a JSON object.', EXIT.refused);
}
