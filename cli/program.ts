import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { JobStatus, JobSummary } from '../lib/model/answers.ts';
import { JOB_MODES, JOB_STATES, type JobMode } from '../lib/model/job.ts';
import { writtenText } from '../lib/model/written.ts';
import { Api, ApiError } from './api.ts';
import { addAuditCommands, type Globals } from './audit.ts';
import { addConfigOptions, readConfig } from './config.ts';
import { addConflictCommands } from './conflicts.ts';
import { addDoctorCommand } from './doctor.ts';
import { addEnvironmentCommands } from './environments.ts';
import { CommandError, EXIT, exitCodeOf } from './exit.ts';
import { addFleetCommands } from './fleet.ts';
import { follow } from './follow.ts';
import { columns, harmless } from './format.ts';
import { type Io, paintFor } from './io.ts';
import { addKeptPairCommands } from './kept-pairs.ts';
import { addLoginCommands, isOpen } from './login.ts';
import { lookLines } from './looks.ts';
import { addMappingCommands } from './mappings.ts';
import { renderOutcome } from './outcome.ts';
import { addPairCommands, slotLines } from './pairs.ts';
import { renderJob } from './progress.ts';
import { addProjectCommands, type Begin } from './projects.ts';
import { addQuarantineCommands } from './quarantine.ts';
import { refusalLines } from './refusal.ts';
import { addScheduleCommands } from './schedules.ts';
import { Secrets } from './secrets.ts';
import { addUninstallCommand } from './uninstall.ts';
import { addValidateCommand } from './validate.ts';
import { addWebhookCommands } from './webhooks.ts';

const DEFAULT_URL = 'http://127.0.0.1:5000';

const EXIT_CODES = `
Exit codes:
  0    done; a job that was asked about goes on or has completed
  1    the job failed, was stopped or is paused; or the service does not answer
  2    the command line is wrong, or the service refused the request
  3    the job completed, but conflicts or quarantined rows wait
  130  interrupted; the job goes on`;

const STARTS: Readonly<Record<JobMode, string>> = {
  full: 'compare everything and make the target follow the source',
  incremental: 'do the same with what changed since the last success, as far as the strategy can tell',
};

const startExamples = (mode: JobMode) => `Examples:
  TFSYNC_SOURCE=postgresql://... TFSYNC_TARGET=postgresql://... tfsync start ${mode} --wait
  tfsync start ${mode} --source - --target - --delete-mode mirror < connections.txt
  tfsync start ${mode} --source URL --target URL --config '{"batch_size": 5000}' --json

A password in --source or --target can be seen by other users of this machine while the command runs. Lines of
standard input are read in the order token, source, target.
`;

/** Runs one command and returns its exit code. Data goes to stdout, progress and errors to stderr. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.ok;
  const secrets = new Secrets(io);
  const program = makeProgram(io, secrets, (exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, io, args.includes('--json'));
  } finally {
    await secrets.close();
  }
}

function makeProgram(io: Io, secrets: Secrets, done: (exitCode: number) => void): Command {
  const connect = async ({ url, tokenFile }: Globals): Promise<Api> => {
    const address = readUrl(url);
    const token = await secrets.token(tokenFile, address);
    if (token !== undefined && isOpen(address)) {
      io.stderr.write(`warning: the token goes to ${address.host} unencrypted\n`);
    }
    return new Api({
      url: address,
      fetch: io.fetch,
      userAgent: `tfsync/${version()}`,
      interrupted: io.interrupted,
      pause: (ms) => io.pause(ms),
      random: Math.random,
      ...(token && { token }),
    });
  };

  const begin = async (mode: JobMode, options: Begin, config: Record<string, unknown>) => {
    const api = await connect(options);
    const started = await api.start(mode, { ...(await secrets.pair(options)), config });
    if (options.wait) {
      io.stderr.write(`Job ${started.job_id}\n`);
      return done(report(await follow(started.job_id, api, io, options.color), options, io));
    }
    io.stdout.write(options.json ? json(started) : `${started.job_id}\n`);
    if (!options.json) io.stderr.write(`Started. Follow it with: tfsync watch ${started.job_id}\n`);
  };

  const addStart = (start: Command, mode: JobMode) =>
    addConfigOptions(
      start
        .command(mode)
        .description(STARTS[mode])
        .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
        .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
        .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
        .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
        .option('--wait', 'show progress and wait until the job has ended')
        .option('--json', 'print the answer as JSON'),
    )
      .addHelpText('before', startExamples(mode))
      .addHelpText('after', EXIT_CODES)
      .action(async (_options, command: Command) => {
        const options = command.optsWithGlobals<Begin>();
        await begin(mode, options, readConfig({ ...options }));
      });

  const program = new Command('tfsync')
    .description('Keeps PostgreSQL databases in step: a client of the TerraFusion Sync service.')
    .version(version(), '--version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .option('--url <url>', 'address of the service (env TFSYNC_URL)', io.env.TFSYNC_URL ?? DEFAULT_URL)
    .option(
      '--token-file <path>',
      'file with the token, - for standard input; else env TFSYNC_TOKEN, else of tfsync login, else .terrafusion/token',
    )
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText(
      'before',
      `Examples:
  tfsync start full --source postgresql://sync@prod/county --target postgresql://sync@train/county --wait
  tfsync watch 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11
  tfsync jobs --status failed
`,
    )
    .addHelpText('after', EXIT_CODES);

  const start = program.command('start').description('start a job');
  for (const mode of JOB_MODES) addStart(start, mode);

  program
    .command('watch')
    .description('follow a job until it has ended or is paused')
    .argument('<job>', 'job id')
    .option('--json', 'print the last status as JSON')
    .addHelpText('before', 'Example:\n  tfsync watch 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11\n')
    .addHelpText('after', EXIT_CODES)
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      done(report(await follow(job, await connect(options), io, options.color), options, io));
    });

  program
    .command('status')
    .description('show a job and its tables as they are now')
    .argument('<job>', 'job id')
    .option('--json', 'print the status as JSON')
    .addHelpText('before', 'Example:\n  tfsync status 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11\n')
    .addHelpText('after', EXIT_CODES)
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const api = await connect(options);
      done(report(await api.status(job), options, io));
    });

  program
    .command('stop')
    .description('stop a job; what was applied stays, and it can be resumed')
    .argument('<job>', 'job id')
    .option('--json', 'print the answer as JSON')
    .addHelpText('before', 'Example:\n  tfsync stop 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11\n')
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const moved = await (await connect(options)).stop(job);
      if (options.json) return void io.stdout.write(json(moved));
      io.stdout.write(`${moved.state}\n`);
      const rest =
        moved.state === 'stopped'
          ? `Nothing is written for it any more. Let it go on with: tfsync resume ${job}`
          : `The target does not answer; the job stops as soon as it does. See: tfsync status ${job}`;
      io.stderr.write(`${rest}\n`);
    });

  program
    .command('resume')
    .description('let a job go on that was stopped, paused or has failed')
    .argument('<job>', 'job id')
    .option('--confirm-deletes <n>', 'accept this many deletes, where the job paused before them', wholeNumber)
    .option('--wait', 'show progress and wait until the job has ended')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync resume 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11 --wait
  tfsync resume 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11 --confirm-deletes 2310
`,
    )
    .addHelpText('after', EXIT_CODES)
    .action(async (job: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals & { confirmDeletes?: number; wait?: boolean }>();
      const api = await connect(options);
      const { confirmDeletes } = options;
      const moved = await api.resume(job, confirmDeletes === undefined ? {} : { confirm_deletes: confirmDeletes });
      if (options.wait) return done(report(await follow(job, api, io, options.color), options, io));
      io.stdout.write(options.json ? json(moved) : `${moved.state}\n`);
      if (!options.json) io.stderr.write(`It goes on. Follow it with: tfsync watch ${job}\n`);
    });

  program
    .command('redrive')
    .description('send segments again whose workers died again and again: resumes the jobs that paused for it')
    .argument('[job]', 'job id; without it, all such jobs')
    .addHelpText('before', 'Example:\n  tfsync redrive\n')
    .action(async (job: string | undefined, _options, command: Command) => {
      const api = await connect(command.optsWithGlobals<Globals>());
      const jobs = job === undefined ? await lostJobs(api) : [job];
      for (const id of jobs) io.stdout.write(`${id} ${(await api.resume(id)).state}\n`);
      if (jobs.length === 0) io.stderr.write('No job waits for a worker that was lost.\n');
    });

  program
    .command('jobs')
    .description('list jobs, newest first')
    .option('--status <state>', `only jobs in this state: ${JOB_STATES.join(', ')}`)
    .option('--limit <n>', 'most jobs on one page')
    .option('--next-token <token>', 'the page after the one that printed it')
    .option('--json', 'print the page as JSON')
    .addHelpText('before', 'Example:\n  tfsync jobs --status failed --limit 5\n')
    .action(async (_options, command: Command) => {
      type Query = { status?: string; limit?: string; nextToken?: string };
      const { status, limit, nextToken, ...options } = command.optsWithGlobals<Globals & Query>();
      const api = await connect(options);
      const page = await api.jobs({
        ...(status !== undefined && { status }),
        ...(limit !== undefined && { limit }),
        ...(nextToken !== undefined && { next_token: nextToken }),
      });
      io.stdout.write(options.json ? json(page) : jobList(page.jobs, options, io));
      if (page.next_token && !options.json)
        io.stderr.write(`More: tfsync jobs --next-token ${harmless(page.next_token)}\n`);
    });

  addLoginCommands(program, { io, addressOf: ({ url }) => readUrl(url) });
  addDoctorCommand(program, { connect, io, done, secrets, version: version() });
  addValidateCommand(program, { connect, io, done });
  addMappingCommands(program, { connect, io, done, secrets });
  addConflictCommands(program, { connect, io, done });
  addEnvironmentCommands(program, { connect, io, secrets });
  addScheduleCommands(program, { connect, io, secrets });
  addWebhookCommands(program, { connect, io, done, secrets });
  addProjectCommands(program, { connect, io, secrets }, begin);
  addQuarantineCommands(program, { connect, io, done });
  const pairs = addPairCommands(program, { connect, io, done, secrets });
  addKeptPairCommands(pairs, { connect, io });
  addFleetCommands(program, { connect, io, done });
  addUninstallCommand(program, { connect, io, done, secrets });
  addAuditCommands(program, { io, connect, done });
  return program;
}

function report(status: JobStatus, options: Globals, io: Io): number {
  if (options.json) {
    io.stdout.write(json(status));
    return exitCodeOf(status);
  }
  const paint = paintFor(io.stdout, io, options.color);
  const outcome = renderOutcome(status, paint);
  const looks = lookLines(status.tables);
  const lines = [
    ...renderJob(status, { width: io.stdout.columns ?? 120, paint }),
    ...(looks.length > 0 ? ['', ...looks] : []),
    ...(outcome.length > 0 ? ['', ...outcome] : []),
    ...slotLines(status.changes?.warnings ?? []),
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  return exitCodeOf(status);
}

const placeOf = ({ environments, database, host, port }: JobSummary['source']) =>
  harmless(`${environments ? `${environments.join(' ')}: ` : ''}${database} (${host}:${port})`);

function jobList(jobs: readonly JobSummary[], options: Globals, io: Io): string {
  if (jobs.length === 0) return 'No jobs.\n';
  const heads = ['JOB', 'STATE', 'SOURCE', 'TARGET', 'CREATED', 'ENDED', 'RESULT'].map((title) => ({ title }));
  const rows = jobs.map((job) => [
    job.job_id,
    job.state,
    placeOf(job.source),
    placeOf(job.target),
    instant(job.created_at),
    job.ended_at ? instant(job.ended_at) : '',
    writtenText(job) ?? '',
  ]);
  const paint = paintFor(io.stdout, io, options.color);
  // never narrower: a job id must stay whole
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

function explain(error: unknown, io: Io, asJson: boolean): number {
  if (error instanceof CommanderError) {
    // commander has printed its message, or the help that was asked for
    return error.exitCode === 0 ? EXIT.ok : EXIT.refused;
  }
  if (error instanceof ApiError) {
    const { problem } = error;
    if (asJson) io.stdout.write(json(problem));
    io.stderr.write(`${refusalLines(problem).join('\n')}\n`);
    return error.exitCode;
  }
  if (error instanceof CommandError) {
    const prefix = error.exitCode === EXIT.interrupted ? '\n' : 'error: ';
    io.stderr.write(`${prefix}${error.message}\n`);
    return error.exitCode;
  }
  throw error;
}

/** Jobs that paused because the workers of a segment died again and again. */
async function lostJobs(api: Api): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await api.jobs({ status: 'paused', ...(token !== undefined && { next_token: token }) });
    found.push(...page.jobs.filter((j) => j.pause?.code === 'worker_lost').map((j) => j.job_id));
    token = page.next_token;
  } while (token !== undefined);
  return found;
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new CommandError('--confirm-deletes needs a whole number.', EXIT.refused);
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '') return url;
  throw new CommandError('--url needs an http:// or https:// address without a user name.', EXIT.refused);
}

function instant(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version; // our own package.json has one
}
