import { readFileSync } from 'node:fs';
import type { JobConfig } from '../../lib/model/config.ts';
import type { Connection } from '../../lib/model/connection.ts';
import { Secret } from '../../lib/model/secret.ts';
import { runJob } from './in-process.ts';

/** What a process of its own is asked to run. */
export interface MeasuredJob {
  readonly source: string;
  readonly target: string;
  readonly config: Partial<JobConfig>;
}

/** What it answers, as the last line of its output. */
export interface Measured {
  readonly state: string;
  readonly failure?: string | undefined;
  readonly counts: Readonly<Record<string, number>>;
  /** Resident memory in MB: once everything is loaded, and the most it ever was. */
  readonly idleMb: number;
  readonly peakMb: number;
}

const statusMb = (field: string) =>
  Math.round(
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024,
  );

function connection(url: string): Connection {
  const { hostname, port, pathname, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 5432),
    database: pathname.slice(1),
    user: decodeURIComponent(username),
    password: new Secret(decodeURIComponent(password)),
    sslmode: 'disable',
  };
}

/** Runs one whole job in this process, which has the heap of a worker on Lambda, and says what memory it took. */
async function main(asked: MeasuredJob): Promise<Measured> {
  const idleMb = statusMb('VmRSS');
  const pair = { source: { connection: connection(asked.source) }, target: { connection: connection(asked.target) } };
  const { job, counts } = await runJob(pair, asked.config);
  return { state: job.state, failure: job.failure?.code, counts: { ...counts }, idleMb, peakMb: statusMb('VmHWM') };
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}') as MeasuredJob))}\n`);
