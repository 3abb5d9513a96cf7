import type { Cluster } from './cluster.ts';
import { runJob } from './job-run.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, verdict } from './report.ts';

/** Performance.md section 4: ten tables with nothing to do, on one machine. */
const GOAL = { goal: 3, floor: 6 };
const TABLES = 10;

const SOURCE = 'ten_tables';
const TARGET = 'ten_tables_target';

/** 100 rows a table: nothing to do is not the same as nothing to look at. */
const MAKE = Array.from(
  { length: TABLES },
  (_, i) =>
    `create table t${i} (id int8 primary key, name text, amount numeric(12,2));
     insert into t${i} select n, 'name ' || n, n * 1.5 from generate_series(1, 100) n`,
).join('; ');

/** What the service itself costs: a job over ten tables that are equal already, from the POST to `ended_at`. */
export async function emptyJob(
  cluster: Cluster,
  service: LocalService,
  options: { readonly runs: number; readonly say: (line: string) => void },
): Promise<string> {
  await cluster.drop(SOURCE);
  await cluster.use('postgres', (admin) => admin.query(`create database ${SOURCE} template template0`));
  await cluster.use(SOURCE, (client) => client.query(`${MAKE}; analyze`));
  const seconds: number[] = [];
  for (let run = 1; run <= options.runs; run++) {
    await cluster.copy(SOURCE, TARGET);
    const pair = { source: cluster.url(SOURCE), target: cluster.url(TARGET) };
    const { wholeSeconds } = await runJob(service.api, pair, {});
    seconds.push(wholeSeconds);
    options.say(`run ${run}: ${wholeSeconds.toFixed(2)} s${run === 1 ? ' (functions start cold)' : ''}`);
  }
  const cold = seconds[0] ?? Number.NaN; // runs is at least 1
  const warm = seconds.length > 1 ? seconds.slice(1) : seconds;
  return [
    `${TABLES} equal tables of 100 rows, from the POST to ended_at: first job (functions start cold) ${cold.toFixed(2)} s, later ones ${spread(warm)} s.`,
    `- first: ${verdict(cold, GOAL)}`,
    `- later: ${verdict(median(warm), GOAL)}`,
  ].join('\n');
}
