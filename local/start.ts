import { appendFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { addConfigOptions, readConfig } from '../cli/config.ts';
import { type DataDir, takeDataDir } from './data-dir.ts';
import { type Service, startService } from './service.ts';
import { adoptLeftoverPostgres, type Databases, startDemoDatabases } from './start/databases.ts';
import { runFirstSync } from './start/first-sync.ts';
import { pagesLine, shortest } from './start/pages-line.ts';
import { addParameterOption, fromOutside } from './start/parameters.ts';
import { phase } from './start/phase.ts';
import { exitCodeAfter, refusing } from './start/refusal.ts';
import { synthesize } from './synth.ts';
import { untilSignal } from './until-signal.ts';

const program = addParameterOption(
  addConfigOptions(
    new Command('start')
      .description('Runs the whole service on this machine and syncs two databases: the demo county, or your own.')
      .option('--source <url>', 'source database (postgresql://...); else TFSYNC_SOURCE, else the demo county')
      .option('--target <url>', 'target database; else TFSYNC_TARGET, else the demo county')
      .option('--port <number>', 'port of the HTTP API; 0 for any free one', toPort, 5000)
      .option('--data-dir <folder>', 'where everything is kept', '.terrafusion')
      .option('--scale <number>', 'size of the demo county; 1 is about 50,000 rows', toScale)
      .option('--no-auth', 'ask for no token (loopback only; pages of other origins are refused)')
      .option('--exit', 'leave when the job has ended: 0 completed, 3 completed with issues, 1 failed, 2 refused'),
  ),
);
refusing(program).parse();
const options = program.opts<{
  source?: string;
  target?: string;
  port: number;
  dataDir: string;
  scale?: number;
  auth: boolean;
  exit?: true;
  parameter: Readonly<Record<string, string>>;
}>();

const say = (line: string) => console.error(line);
/** While a terminal shows a job's progress, what the service has to say would break the picture: it goes to a file. */
let drawing = false;
const tell = (line: string, dataDir: DataDir) => {
  if (drawing) appendFileSync(dataDir.path('logs', 'service.log'), `${new Date().toISOString()} ${line}\n`);
  else say(line);
};
const interruption = new AbortController();
const stopped = untilSignal().then(() => interruption.abort());
const undo: (() => Promise<unknown> | unknown)[] = [];
try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = exitCodeAfter(error);
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit(); // an answer that nobody waits for any more, such as a fetch that was cut off, must not hold us here

async function main(): Promise<number> {
  const config = readConfig({ ...options });
  const source = options.source ?? process.env.TFSYNC_SOURCE;
  const target = options.target ?? process.env.TFSYNC_TARGET;
  if ((source === undefined) !== (target === undefined)) {
    say('Name both --source and --target, or neither for the demo county.');
    return 2;
  }
  const dataDir = takeDataDir(options.dataDir);
  undo.push(() => dataDir.release());

  const [assembly, databases] = await Promise.all([
    phase('Building the functions and the stack', synthesize),
    openDatabases(dataDir, source, target),
  ]);
  const service = await phase('Starting the service', () =>
    startService({
      port: options.port,
      dataDir,
      assembly: assembly.folder,
      auth: options.auth ? 'token' : 'none',
      log: (line) => tell(line, dataDir),
      ...fromOutside(options.parameter, process.env),
    }),
  );
  undo.push(() => service.stop());
  say(`The API answers at ${service.url}.`);
  say(
    pagesLine({
      ...service,
      tokenFile: dataDir.path('token'),
      accountsFile: dataDir.path('accounts.json'),
      terminal: process.stderr.isTTY,
    }),
  );
  drawing = process.stderr.isTTY;
  const exitCode = await runFirstSync({
    ...databases,
    url: service.url,
    token: service.token,
    config,
    interrupted: interruption.signal,
  });
  drawing = false;
  if (options.exit || interruption.signal.aborted) return exitCode;

  sayWhatNext(service, dataDir, databases);
  await stopped;
  say('Stopping.');
  return 0;
}

async function openDatabases(dataDir: DataDir, source?: string, target?: string): Promise<Databases> {
  if (source !== undefined && target !== undefined) {
    undo.push(await adoptLeftoverPostgres(dataDir));
    return { source, target, stop: async () => {} };
  }
  const databases = await startDemoDatabases(dataDir, options.scale);
  undo.push(() => databases.stop());
  return databases;
}

function sayWhatNext(service: Service, dataDir: DataDir, { demo }: Databases): void {
  const file = shortest(dataDir.path('token'));
  const header = service.token === '' ? '' : ` -H "authorization: Bearer $(cat ${file})"`;
  const token = service.token === '' ? '' : ` --token-file ${file}`;
  const lines = [
    '',
    `The service stays up at ${service.url} until Ctrl-C. In another terminal:`,
    `  curl${header} ${service.url}/api/sync/jobs`,
    `  npm run tfsync -- --url ${service.url}${token} jobs`,
  ];
  if (demo) {
    const [production, training] = demo.names;
    lines.push(
      `  PGPASSWORD=$(cat ${shortest(demo.passwordFile)}) psql -h ${demo.host} -p ${demo.port} -U postgres ${production}`,
      `Change rows in ${production} or ${training}, run npm start again, and see what it does.`,
    );
  }
  say(lines.join('\n'));
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text.trim() !== '') return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

function toScale(text: string): number {
  const scale = Number(text);
  if (scale > 0) return scale;
  throw new InvalidArgumentError('It must be a number above 0.');
}
