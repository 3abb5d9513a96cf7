import { Command } from 'commander';
import { takeDataDir } from './data-dir.ts';
import { startService } from './service.ts';
import { adoptLeftoverPostgres } from './start/databases.ts';
import { pagesLine } from './start/pages-line.ts';
import { addParameterOption, fromOutside } from './start/parameters.ts';
import { exitCodeAfter, refusing } from './start/refusal.ts';
import { untilSignal } from './until-signal.ts';

const program = addParameterOption(
  new Command('serve')
    .description('Runs the service alone, on this machine, until it is told to stop.')
    .option('--port <number>', 'port of the HTTP API; 0 for any free one', '5000')
    .option('--data-dir <folder>', 'where everything is kept', '.terrafusion')
    .option('--json', 'print one line {"url","token"} when ready, and nothing else')
    .option('--no-auth', 'ask for no token (loopback only; pages of other origins are refused)'),
);
refusing(program).parse();
const options = program.opts<{
  port: string;
  dataDir: string;
  json?: true;
  auth: boolean;
  parameter: Readonly<Record<string, string>>;
}>();

const say = (line: string) => console.error(line);
const stopped = untilSignal();
try {
  const dataDir = takeDataDir(options.dataDir);
  const undo: (() => Promise<void> | void)[] = [() => dataDir.release()];
  try {
    undo.push(await adoptLeftoverPostgres(dataDir));
    const service = await startService({
      port: Number(options.port),
      dataDir,
      auth: options.auth ? 'token' : 'none',
      ...fromOutside(options.parameter, process.env),
      ...(options.json ? {} : { log: say }),
    });
    if (options.json) console.log(JSON.stringify({ url: service.url, token: service.token }));
    else {
      say(`The API answers at ${service.url}. Press Ctrl-C to stop.`);
      say(
        pagesLine({
          ...service,
          tokenFile: dataDir.path('token'),
          accountsFile: dataDir.path('accounts.json'),
          terminal: process.stderr.isTTY,
        }),
      );
    }
    undo.push(() => service.stop());
    await stopped;
  } finally {
    for (const step of undo.reverse()) await step();
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeAfter(error);
}
process.exit(); // as in start.ts
