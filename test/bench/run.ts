import { Command, InvalidArgumentError } from 'commander';
import { cdc } from './cdc.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { conflicts } from './conflicts.ts';
import { copy } from './copy.ts';
import { diff } from './diff.ts';
import { emptyJob } from './empty-job.ts';
import { fleet } from './fleet.ts';
import { incremental } from './incremental.ts';
import { following } from './lag.ts';
import { type LocalService, startLocalService } from './local-service.ts';
import { pages } from './pages.ts';
import { machine, save } from './report.ts';
import { resolveAll } from './resolve-all.ts';
import { stop } from './stop.ts';
import { transform } from './transform.ts';
import { usage } from './usage.ts';
import { KINDS, type Kind } from './workload.ts';

interface Common {
  readonly runs: number;
  readonly dataDir?: string;
  readonly save?: true;
}

const say = (line: string) => console.error(line);

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('A whole number from 1 on.');
  return value;
}

function kinds(text: string): readonly Kind[] {
  const asked = text.split(',');
  const known = KINDS.filter((kind) => asked.includes(kind));
  if (known.length < asked.length) throw new InvalidArgumentError(`Some of ${KINDS.join(',')}.`);
  return known;
}

/** Starts server and service, runs a bench, prints its report, and ends both whatever happens. */
async function run(common: Common, bench: (cluster: Cluster, service: LocalService) => Promise<string>): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  await using cluster = await startCluster(common.dataDir);
  await using service = await startLocalService();
  const body = await bench(cluster, service);
  const version = await cluster.use('postgres', async (admin) => {
    const { rows } = await admin.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  });
  const text = `${machine(version)}\n\n${body}`;
  console.log(`\n${text}`);
  if (common.save) save(command, text);
}

const program = new Command('bench').description('Measures the service beside what the machine can do at best.');

/** A bench with the options that all have. */
const bench = (name: string, description: string) =>
  program
    .command(name)
    .description(description)
    .option('--runs <number>', 'runs; the report has medians', positive, 3)
    .option('--data-dir <folder>', 'keep the server and its data here for the next bench')
    .option('--save', 'append the report to test/bench/results.md');

bench('diff', 'one table compared and synced, beside the raw limits')
  .option('--rows <number>', 'rows of the table', positive, 1_000_000)
  .option('--kinds <list>', `targets: ${KINDS.join(',')}`, kinds, KINDS)
  .action((options: Common & { rows: number; kinds: readonly Kind[] }) =>
    run(options, (cluster, service) => diff(cluster, service, { ...options, say })),
  );

bench('copy', 'an empty table filled, beside a raw binary pipe')
  .option('--rows <number>', 'rows of the table', positive, 1_000_000)
  .action((options: Common & { rows: number }) =>
    run(options, (cluster, service) => copy(cluster, service, { ...options, say })),
  );

bench('usage', 'what jobs over one table say that they have used')
  .option('--rows <number>', 'rows of the table', positive, 1_000_000)
  .action((options: Common & { rows: number }) =>
    run(options, (cluster, service) => usage(cluster, service, { ...options, say })),
  );

bench('empty-job', 'ten equal tables: what the service itself costs').action((options: Common) =>
  run(options, (cluster, service) => emptyJob(cluster, service, { ...options, say })),
);

bench(
  'incremental',
  'incremental jobs of each strategy after 0 %, 0.01 % and 1 % of the rows changed, beside full ones',
)
  .option('--rows <number>', 'rows of the table', positive, 200_000)
  .option('--only <name>', 'strategies whose names begin so')
  .action((options: Common & { rows: number; only?: string }) =>
    run(options, (cluster, service) => incremental(cluster, service, { ...options, say })),
  );

bench('cdc', "changes per second from the source's log, beside PostgreSQL's own logical replication")
  .option('--changes <number>', 'changes of rows in the log', positive, 100_000)
  .action((options: Common & { changes: number }) =>
    run(options, (cluster, service) => cdc(cluster, service, { ...options, say })),
  );

bench('following', 'a continuous job under writers: from commit to visible, equal in the end, nothing written twice')
  .option('--seconds <number>', 'how long the writers go on', positive, 60)
  .option('--connections <number>', 'writers', positive, 2)
  .option('--every-ms <number>', 'milliseconds between transactions of one', positive, 200)
  .option('--accounts <number>', 'rows at the beginning', positive, 10_000)
  .action((options: Common & { seconds: number; connections: number; everyMs: number; accounts: number }) =>
    run(options, (cluster, service) => following(cluster, service, { ...options, say })),
  );

bench('stop', 'a busy job stopped again and again: how long it takes, and that nothing is written after')
  .option('--rows <number>', 'rows of the table', positive, 1_000_000)
  .option('--stops <number>', 'how many stops', positive, 30)
  .action((options: Common & { rows: number; stops: number }) =>
    run(options, (cluster, service) => stop(cluster, service, { ...options, say })),
  );

bench('conflicts', 'pages of a job with many open conflicts')
  .option('--count <number>', 'conflicts', positive, 100_000)
  .action((options: Common & { count: number }) =>
    run(options, (_cluster, service) => conflicts(service, { ...options, say })),
  );

bench('resolve-all', 'many open conflicts in real databases, decided by an order whose worker is killed')
  .option('--count <number>', 'conflicts', positive, 100_000)
  .option('--kills <number>', 'how often the worker is killed', positive, 3)
  .action((options: Common & { count: number; kills: number }) =>
    run(options, (cluster, service) => resolveAll(service, cluster, { ...options, say })),
  );

bench('pages', 'budgets of the pages: size of the first load, many jobs, many tables, many conflicts')
  .option('--jobs <number>', 'jobs on the dashboard', positive, 1000)
  .option('--tables <number>', 'tables of the job that is scrolled', positive, 500)
  .option('--conflicts <number>', 'conflicts of the job that is scrolled', positive, 100_000)
  .action((options: Common & { jobs: number; tables: number; conflicts: number }) =>
    run(options, (_cluster, service) => pages(service, { ...options, say })),
  );

bench('transform', 'rows through compiled expressions and masks, beside a plain COPY')
  .option('--rows <number>', 'rows of the table', positive, 300_000)
  .action((options: Common & { rows: number }) => run(options, (cluster) => transform(cluster, { ...options, say })));

program
  .command('fleet')
  .description('thousands of pairs, hundreds of jobs at once: simulated load of the tables')
  .option('--pairs <number>', 'pairs', positive, 5_000)
  .option('--jobs <number>', 'jobs at once', positive, 500)
  .option('--save', 'append the report to test/bench/results.md')
  .action(async (options: { pairs: number; jobs: number; save?: true }) => {
    const text = `${machine('none')}\n\n${await fleet({ ...options, say })}`;
    console.log(`\n${text}`);
    if (options.save) save(`npm run bench -- ${process.argv.slice(2).join(' ')}`, text);
  });

// the exit handlers of server and service end both; a signal alone would run none of them
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
await program.parseAsync();
