import { type Command, Option } from 'commander';
import { ApiError, UnavailableError } from './api.ts';
import { type Check, pairChecks, serviceChecks } from './checks.ts';
import { addConfigOptions, readConfig } from './config.ts';
import type { ConflictCommands } from './conflicts.ts';
import { EXIT } from './exit.ts';
import { harmless } from './format.ts';
import { paintFor } from './io.ts';
import { statementLines } from './refusal.ts';
import type { GivenPair, Secrets } from './secrets.ts';

type Globals = Parameters<ConflictCommands['connect']>[0];
type Paint = ReturnType<typeof paintFor>;

const STYLES = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

/** A line for each check, with what to do below. Statements stand alone on their lines, to be copied. */
export function renderChecks(checks: readonly Check[], paint: Paint): string {
  const width = Math.max(...checks.map((c) => c.name.length));
  const statements = new Set(checks.flatMap((c) => c.statements ?? []));
  const lines = checks.flatMap(({ name, result, message, remedy }) => [
    `${paint(STYLES[result], result.padEnd(7))}  ${harmless(name).padEnd(width)}  ${harmless(message)}`,
    ...(remedy && !statements.has(remedy) ? [`         ${harmless(remedy)}`] : []),
  ]);
  const blocks = statementLines(checks.flatMap((c) => (c.statements ? [[c.name, c.statements] as const] : [])));
  return [...lines, ...blocks, ''].join('\n');
}

/** A caller who is not let in is a finding; everything else that is refused is the command line's fault. */
function signInFailure(error: unknown): Check {
  if (!(error instanceof ApiError) || (error.problem.status !== 401 && error.problem.status !== 403)) throw error;
  const [item] = error.problem.errors;
  return {
    name: 'sign-in',
    result: 'failed',
    message: `${error.message} (${error.problem.code})`,
    remedy:
      error.problem.status === 403
        ? 'Ask an administrator for the role operator.'
        : (item?.hint ?? 'Sign in with tfsync login.'),
  };
}

/** Adds `tfsync doctor`. */
export function addDoctorCommand(
  program: Command,
  { connect, io, done, secrets, version }: ConflictCommands & { readonly secrets: Secrets; readonly version: string },
): void {
  addConfigOptions(
    program
      .command('doctor')
      .description('check the service, the sign-in, and the way to two databases with what their roles lack for a job')
      .option('--source <url>', 'source database; - reads a line of standard input; else env TFSYNC_SOURCE')
      .option('--target <url>', 'target database; - reads a line of standard input; else env TFSYNC_TARGET')
      .addOption(new Option('--source-env <name>', 'environment, in place of --source').conflicts('source'))
      .addOption(new Option('--target-env <name>', 'environment, in place of --target').conflicts('target'))
      .option('--json', 'print the checks as JSON'),
  )
    .addHelpText(
      'before',
      `Examples:
  tfsync doctor
  TFSYNC_SOURCE=postgresql://... TFSYNC_TARGET=postgresql://... tfsync doctor
  tfsync doctor --source-env production --target-env training --detection-strategy cdc

Without databases, only the service and the sign-in are looked at. Nothing is started or written.
Exit code 1: something has failed. Warnings alone: 0.
`,
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Globals & GivenPair>();
      const api = await connect(options);
      const checks: Check[] = [];
      try {
        const { health, serviceMs } = await api.health();
        const seen = { health, clientVersion: version, clientMs: Date.now(), ...(serviceMs && { serviceMs }) };
        checks.push(...serviceChecks(seen));
        const pair = await secrets.someSides(options);
        const config = readConfig({ ...options });
        checks.push(...pairChecks(await api.doctor({ ...pair, config })));
      } catch (error) {
        const away = {
          name: 'service',
          result: 'failed',
          remedy: 'Give its address with --url, or TFSYNC_URL.',
        } as const;
        checks.push(error instanceof UnavailableError ? { ...away, message: error.message } : signInFailure(error));
      }
      const failed = checks.some((c) => c.result === 'failed');
      io.stdout.write(
        options.json
          ? `${JSON.stringify({ healthy: !failed, checks }, null, 2)}\n`
          : renderChecks(checks, paintFor(io.stdout, io, options.color)),
      );
      done(failed ? EXIT.failed : EXIT.ok);
    });
}
