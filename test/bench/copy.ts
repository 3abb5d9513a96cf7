import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Cluster } from './cluster.ts';
import { type DataPhase, dataPhaseOf, noteSegments } from './data-phase.ts';
import { runJob } from './job-run.ts';
import { secondsOf } from './limits.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, table } from './report.ts';
import { makeWorkload, sourceOf } from './workload.ts';

/** What the keys filed for `delete_mode: tracked` may add to the copy, in percent, and take, in bytes a row. */
const MOST_EXTRA_PERCENT = 25;
const MOST_BYTES = 80;

/** Performance.md section 4: rows a second against the raw binary pipe into an empty table with its primary key. */
const GOAL = 0.9;
const FLOOR = 0.75;

const TARGET = 'copy_target';

interface Sample {
  readonly pipeSeconds: number;
  /** The same with `delete_mode: keep`, which files no keys: data phase, and CPU seconds of the server. */
  readonly plain: { readonly seconds: number; readonly cpu: number };
  /** CPU seconds of the server. */
  readonly cpu: number;
  /** Bytes on disk a row of the keys that `delete_mode: tracked` files. */
  readonly baselineBytes: number;
  readonly phase: DataPhase;
  readonly wholeSeconds: number;
}

/** An empty table like the source's, with its primary key. */
async function emptyTarget(cluster: Cluster, source: string): Promise<void> {
  const ddl = await cluster.use(source, async (client) => {
    const { rows } = await client.query<{ column: string }>(
      `select format('%I %s%s', attname, format_type(atttypid, atttypmod), case when attnotnull then ' not null' else '' end) as column
       from pg_attribute where attrelid = 'parcels'::regclass and attnum > 0 and not attisdropped order by attnum`,
    );
    return rows.map((r) => r.column).join(', ');
  });
  await cluster.drop(TARGET);
  await cluster.use('postgres', (admin) => admin.query(`create database ${TARGET} template template0`));
  await cluster.use(TARGET, (client) =>
    client.query(`create schema bench; create table parcels (${ddl}, primary key (parcel_id)); checkpoint`),
  );
}

/** The limit: one binary pipe of everything, nothing looked at, nothing compared. */
async function rawPipe(cluster: Cluster, source: string): Promise<number> {
  const [from, to] = await Promise.all([cluster.connect(source), cluster.connect(TARGET)]);
  try {
    await from.query('select count(*) from parcels'); // into shared memory
    return await secondsOf(() =>
      pipeline(
        from.query(copyTo('copy parcels to stdout (format binary)')),
        to.query(copyFrom('copy parcels from stdin (format binary)')),
      ),
    );
  } finally {
    await Promise.all([from.end(), to.end()]);
  }
}

/** One job into an empty target; the default config but for the delete mode. */
async function oneJob(cluster: Cluster, service: LocalService, rows: number, delete_mode: 'keep' | 'tracked') {
  const source = sourceOf(rows);
  await emptyTarget(cluster, source);
  await noteSegments(cluster, TARGET);
  const before = cluster.cpuSeconds();
  const pair = { source: cluster.url(source), target: cluster.url(TARGET) };
  const { status, wholeSeconds } = await runJob(service.api, pair, { delete_mode });
  if (status.counts.inserted !== rows) throw new Error(`The job counts ${JSON.stringify(status.counts)}.`);
  return { phase: await dataPhaseOf(cluster, TARGET), wholeSeconds, cpu: cluster.cpuSeconds() - before };
}

async function baselineBytes(cluster: Cluster, rows: number): Promise<number> {
  const { rows: found } = await cluster.use(TARGET, (client) =>
    client.query(`select pg_total_relation_size('tf_sync.baseline')::float8 as bytes`),
  );
  return found[0].bytes / rows;
}

async function oneRun(cluster: Cluster, service: LocalService, rows: number): Promise<Sample> {
  const source = sourceOf(rows);
  await emptyTarget(cluster, source);
  const pipeSeconds = await rawPipe(cluster, source);
  const plain = await oneJob(cluster, service, rows, 'keep');
  const job = await oneJob(cluster, service, rows, 'tracked');
  return {
    pipeSeconds,
    ...job,
    plain: { seconds: plain.phase.seconds, cpu: plain.cpu },
    baselineBytes: await baselineBytes(cluster, rows),
  };
}

/** A full copy through the whole service, its final comparison included, beside a raw binary pipe in the same run. */
export async function copy(
  cluster: Cluster,
  service: LocalService,
  options: { readonly rows: number; readonly runs: number; readonly say: (line: string) => void },
): Promise<string> {
  options.say(`Making ${options.rows} rows ...`);
  await makeWorkload(cluster, options.rows, []);
  const samples: Sample[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const sample = await oneRun(cluster, service, options.rows);
    samples.push(sample);
    options.say(
      `run ${run}: pipe ${sample.pipeSeconds.toFixed(2)} s, data phase ${sample.phase.seconds.toFixed(2)} s (CPU ${sample.cpu.toFixed(2)}), without keys ${sample.plain.seconds.toFixed(2)} s (CPU ${sample.plain.cpu.toFixed(2)}), whole job ${sample.wholeSeconds.toFixed(2)} s`,
    );
  }
  const reached = median(samples.map((s) => s.pipeSeconds)) / median(samples.map((s) => s.phase.seconds));
  const word = reached >= GOAL ? 'goal met' : reached >= FLOOR ? 'goal MISSED, floor met' : 'goal and floor MISSED';
  const more = (a: readonly number[], b: readonly number[]) => 100 * (median(a) / median(b) - 1);
  const seconds = samples.map((s) => s.phase.seconds);
  const extra = more(
    seconds,
    samples.map((s) => s.plain.seconds),
  );
  const extraCpu = more(
    samples.map((s) => s.cpu),
    samples.map((s) => s.plain.cpu),
  );
  const bytes = median(samples.map((s) => s.baselineBytes));
  const met = extra <= MOST_EXTRA_PERCENT && bytes <= MOST_BYTES ? 'goal met' : 'goal MISSED';
  const keys = `keys filed: ${extra.toFixed(0)} % more time, ${extraCpu.toFixed(0)} % more CPU of the server, ${bytes.toFixed(1)} bytes a row; ${met} (${MOST_EXTRA_PERCENT} % of time, ${MOST_BYTES} bytes)`;
  const head = ['rows', 'raw pipe s', 'data phase s', 'speed against the pipe', 'whole job s', 'worker peak MB'];
  const row = [
    String(options.rows),
    spread(samples.map((s) => s.pipeSeconds)),
    spread(seconds),
    reached.toFixed(2),
    spread(samples.map((s) => s.wholeSeconds)),
    (await service.workerPeakMb()).toFixed(0),
  ];
  return `${table([head, row])}\n\n- ${word} (goal ${GOAL}, floor ${FLOOR}); segments ${samples.at(-1)?.phase.segments}\n- ${keys}`;
}
