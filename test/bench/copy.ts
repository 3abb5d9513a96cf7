import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Cluster } from './cluster.ts';
import { type DataPhase, dataPhaseOf, noteSegments } from './data-phase.ts';
import { runJob } from './job-run.ts';
import { secondsOf } from './limits.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, table } from './report.ts';
import { makeWorkload, sourceOf } from './workload.ts';

/** Performance.md section 4: rows a second against the raw binary pipe into an empty table with its primary key. */
const GOAL = 0.9;
const FLOOR = 0.75;

const TARGET = 'copy_target';

interface Sample {
  readonly pipeSeconds: number;
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

async function oneRun(cluster: Cluster, service: LocalService, rows: number): Promise<Sample> {
  const source = sourceOf(rows);
  await emptyTarget(cluster, source);
  const pipeSeconds = await rawPipe(cluster, source);
  await emptyTarget(cluster, source);
  await noteSegments(cluster, TARGET);
  const { status, wholeSeconds } = await runJob(
    service.api,
    { source: cluster.url(source), target: cluster.url(TARGET) },
    {},
  );
  if (status.counts.inserted !== rows) throw new Error(`The job counts ${JSON.stringify(status.counts)}.`);
  return { pipeSeconds, phase: await dataPhaseOf(cluster, TARGET), wholeSeconds };
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
      `run ${run}: pipe ${sample.pipeSeconds.toFixed(2)} s, data phase ${sample.phase.seconds.toFixed(2)} s, whole job ${sample.wholeSeconds.toFixed(2)} s`,
    );
  }
  const reached = median(samples.map((s) => s.pipeSeconds)) / median(samples.map((s) => s.phase.seconds));
  const word = reached >= GOAL ? 'goal met' : reached >= FLOOR ? 'goal MISSED, floor met' : 'goal and floor MISSED';
  const head = ['rows', 'raw pipe s', 'data phase s', 'speed against the pipe', 'whole job s', 'worker peak MB'];
  const row = [
    String(options.rows),
    spread(samples.map((s) => s.pipeSeconds)),
    spread(samples.map((s) => s.phase.seconds)),
    reached.toFixed(2),
    spread(samples.map((s) => s.wholeSeconds)),
    (await service.workerPeakMb()).toFixed(0),
  ];
  return `${table([head, row])}\n\n- ${word} (goal ${GOAL}, floor ${FLOOR}); segments ${samples.at(-1)?.phase.segments}`;
}
