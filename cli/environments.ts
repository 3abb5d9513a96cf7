import { type Command, Option } from 'commander';
import type { ApprovalView, EnvironmentTested, EnvironmentView, SideReportView } from '../lib/model/answers.ts';
import { COLOURS } from '../lib/model/environment.ts';
import type { Globals } from './audit.ts';
import type { ConflictCommands } from './conflicts.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';
import type { Secrets } from './secrets.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const instant = (iso: string) => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');
const place = (e: { host: string; port: number; database: string }) => harmless(`${e.database} (${e.host}:${e.port})`);

type Paint = ReturnType<typeof paintFor>;

const rulesOf = (e: EnvironmentView) =>
  [e.writable ? 'writable' : 'read-only', ...(e.protected ? ['protected'] : [])].join(', ');

function renderList(environments: readonly EnvironmentView[], paint: Paint): string {
  if (environments.length === 0) return 'No environments.\n';
  const heads = ['ENVIRONMENT', 'DATABASE', 'RULES', 'SENDS TO', 'RECEIVES FROM', 'DESCRIPTION'].map((title) => ({
    title,
  }));
  const rows = environments.map((e) => [
    e.name,
    place(e),
    rulesOf(e),
    e.sends_to.join(' ') || 'nobody',
    e.receives_from.join(' ') || 'nobody',
    harmless(e.description),
  ]);
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

function renderSide(title: string, { problems, grants }: SideReportView): readonly string[] {
  if (problems.length === 0) return [`${title}: nothing is missing`];
  const granted = new Set(grants);
  const others = problems.filter((p) => ![...granted].some((g) => p.hint?.startsWith(g)));
  return [
    `${title}: ${problems.length} in the way`,
    ...grants.map((g) => `  ${harmless(g)}`),
    ...others.map((p) => `  ${harmless(`${p.message}${p.hint ? ` ${p.hint}` : ''}`)}`),
  ];
}

const renderTest = (t: EnvironmentTested): string =>
  `${[
    `${t.name}: PostgreSQL ${t.version}, signed in as ${harmless(t.role)}, ${t.tables} tables`,
    ...(t.same_database ? [] : ['It is another database than when it was put: nothing starts until it is put again.']),
    ...renderSide('As a source', t.as_source),
    ...renderSide('As a target', t.as_target),
    ...renderSide('For timestamp, and triggers: suppress', t.optional),
  ].join('\n')}\n`;

interface Put extends Globals {
  readonly connection?: string;
  readonly caCertificate?: string;
  readonly description?: string;
  readonly colour?: string;
  readonly writable?: boolean;
  readonly protected?: boolean;
  readonly sendsTo?: readonly string[];
  readonly receivesFrom?: readonly string[];
}

type Commands = Pick<ConflictCommands, 'connect' | 'io'> & { readonly secrets: Secrets };

/** Adds `tfsync environments` and `tfsync approvals`. */
export function addEnvironmentCommands(program: Command, { connect, io, secrets }: Commands): void {
  const environments = program
    .command('environments')
    .description('list environments: named databases, and what may be done with them')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync environments put training --connection - --writable --receives-from production < connection.txt
  tfsync environments test training
  tfsync start full --source-env production --target-env training
`,
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).environments();
      const paint = paintFor(io.stdout, io, options.color);
      io.stdout.write(options.json ? json(found) : renderList(found.environments, paint));
    });

  environments
    .command('put')
    .description('make an environment, or change one; what is not said stays as it is')
    .argument('<name>', 'name of the environment: lower case letters, digits, - and _')
    .option('--connection <url>', 'its database; - reads a line of standard input. Tried first, never shown again')
    .option('--ca-certificate <file>', 'PEM file of the authorities by which its server is verified; with --connection')
    .option('--description <text>', 'for people')
    .addOption(new Option('--colour <colour>', 'for people').choices(COLOURS))
    .option('--writable', 'jobs may write to it')
    .option('--no-writable', 'jobs may not')
    .option('--protected', 'writing to it needs the approval of a second person')
    .option('--no-protected', 'it does not')
    .option('--sends-to <name...>', 'environments into which its rows may go; * for any database')
    .option('--receives-from <name...>', 'environments whose rows may come into it; * for any database')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Put>();
      if (options.caCertificate && !options.connection)
        throw new CommandError('--ca-certificate needs --connection: both are kept as one secret.', EXIT.refused);
      const api = await connect(options);
      const before = await api.environment(name);
      const { description, colour, writable, sends_to, receives_from } = before?.view ?? {};
      const kept = { description, colour, writable, protected: before?.view.protected, sends_to, receives_from };
      const said = {
        description: options.description,
        colour: options.colour,
        writable: options.writable,
        protected: options.protected,
        sends_to: options.sendsTo,
        receives_from: options.receivesFrom,
      };
      const over = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
      const connection = options.connection && {
        connection: secrets.verifiedBy(await secrets.line(options.connection), options.caCertificate),
      };
      const put = await api.putEnvironment(name, { ...kept, ...over, ...connection }, before?.etag);
      if (options.json) return void io.stdout.write(json(put));
      io.stdout.write(`${put.name}: ${place(put)}, ${rulesOf(put)}\n`);
      for (const one of put.authorities ?? [])
        io.stdout.write(`verified by ${harmless(one.subject)}, valid to ${instant(one.valid_to)}\n`);
      const named = [...(options.sendsTo ?? []), ...(options.receivesFrom ?? [])].filter((other) => other !== '*');
      const known = named.length > 0 ? (await api.environments()).environments.map((e) => e.name) : [];
      for (const other of new Set(named.filter((n) => !known.includes(n))))
        io.stderr.write(`There is no environment ${harmless(other)} yet.\n`);
      if (put.jobs > 0) io.stderr.write(`${put.jobs} jobs go on with the new connection.\n`);
    });

  environments
    .command('test')
    .description('connect to an environment, and say what its role lacks, with the GRANTs')
    .argument('<name>', 'name of the environment')
    .option('--table <name...>', 'only these tables (schema.table)')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { readonly table?: readonly string[] }>();
      const tested = await (await connect(options)).testEnvironment(name, options.table && { tables: options.table });
      io.stdout.write(options.json ? json(tested) : renderTest(tested));
    });

  environments
    .command('delete')
    .description('delete an environment, its credentials and its rules; jobs that it has started go on')
    .argument('<name>', 'name of the environment')
    .action(async (name: string, _options, command: Command) => {
      const api = await connect(command.optsWithGlobals<Globals>());
      await api.deleteEnvironment(name, (await api.environment(name))?.etag ?? '');
      io.stderr.write('Deleted.\n');
    });

  addApprovalCommands(program, { connect, io });
}

function renderApprovals(approvals: readonly ApprovalView[], paint: Paint): string {
  if (approvals.length === 0) return 'No requests.\n';
  const heads = ['REQUEST', 'STATE', 'WRITES TO', 'WHAT', 'ASKED BY', 'EXPIRES', 'DECIDED BY'].map((title) => ({
    title,
  }));
  const rows = approvals.map((a) => [
    a.id,
    a.state,
    harmless(a.protected.join(' ')),
    harmless(a.schedule ? `schedule ${a.schedule.name}` : `${a.mode} sync`),
    harmless(a.asked_by),
    instant(a.expires_at),
    harmless(a.decided_by ?? ''),
  ]);
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

const renderApproval = (a: ApprovalView): string =>
  `${[
    `${a.state}: ${a.mode} sync${a.schedule ? `, each run of schedule ${a.schedule.name} (${a.schedule.expression})` : ''}`,
    `${place(a.source)} -> ${place(a.target)}, which writes to ${a.protected.join(', ')}`,
    `asked by ${a.asked_by} at ${instant(a.asked_at)}; expires ${instant(a.expires_at)}`,
    ...(a.decided_by
      ? [`decided by ${a.decided_by} at ${instant(a.decided_at ?? '')}${a.note ? `: ${a.note}` : ''}`]
      : []),
    ...(a.used_by ? [`used by ${a.used_by}`] : []),
  ]
    .map(harmless)
    .join('\n')}\n${a.config ? json(a.config) : ''}`;

function addApprovalCommands(program: Command, { connect, io }: Omit<Commands, 'secrets'>): void {
  const approvals = program
    .command('approvals')
    .description('list requests to write to protected environments')
    .addOption(new Option('--state <state>', 'only these').choices(['pending', 'approved', 'rejected', 'used']))
    .option('--json', 'print the answer as JSON')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { readonly state?: string }>();
      const found = await (await connect(options)).approvals({ state: options.state });
      const paint = paintFor(io.stdout, io, options.color);
      io.stdout.write(options.json ? json(found) : renderApprovals(found.approvals, paint));
    });

  approvals
    .command('show')
    .description('show one request, with the config that would be approved')
    .argument('<id>', 'id of the request')
    .option('--json', 'print the answer as JSON')
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const found = await (await connect(options)).approval(id);
      io.stdout.write(options.json ? json(found) : renderApproval(found));
    });

  for (const [word, what] of [
    ['approve', 'approve what somebody else has asked for; they then repeat their command'],
    ['reject', 'say no, or take back what you have asked for yourself'],
  ] as const) {
    approvals
      .command(word)
      .description(what)
      .argument('<id>', 'id of the request')
      .option('--note <text>', 'why; kept with the decision')
      .option('--json', 'print the answer as JSON')
      .action(async (id: string, _options, command: Command) => {
        const options = command.optsWithGlobals<Globals & { readonly note?: string }>();
        const note = options.note === undefined ? {} : { note: options.note };
        const decided = await (await connect(options)).decideApproval(id, word, note);
        io.stdout.write(options.json ? json(decided) : `${decided.state}\n`);
      });
  }
}
