import type { JobMode } from '../../lib/model/job.ts';
import type { Cluster } from './cluster.ts';
import { type JobRun, runJob } from './job-run.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, table } from './report.ts';
import { resetStatements, type Work, workOf } from './round-trips.ts';
import { makeWorkload, sourceOf } from './workload.ts';

/** What incremental jobs are measured with; `like` is the full job beside them, which has nothing to write. */
const STRATEGIES = {
  'hash, full': { mode: 'full', config: { detection_strategy: 'hash' } },
  hash: { mode: 'incremental', config: { detection_strategy: 'hash' } },
  'hash, max_quiet_runs': { mode: 'incremental', config: { detection_strategy: 'hash', max_quiet_runs: 100 } },
  primary_key: { mode: 'incremental', config: { detection_strategy: 'primary_key' } },
  content: { mode: 'incremental', config: { detection_strategy: 'content' } },
  timestamp: { mode: 'incremental', config: { detection_strategy: 'timestamp', timestamp_overlap_seconds: 0 } },
  'timestamp, key_sweep': {
    mode: 'incremental',
    config: { detection_strategy: 'timestamp', timestamp_overlap_seconds: 0, key_sweep: true },
  },
  cdc: { mode: 'incremental', config: { detection_strategy: 'cdc' } },
} as const satisfies Readonly<Record<string, { mode: JobMode; config: object }>>;
type Name = keyof typeof STRATEGIES;
const NAMES = Object.keys(STRATEGIES) as Name[]; // keys of the table

/** One row in so many is changed before a job; 0: none. */
const EVERY = { '0 %': 0, '0.01 %': 10_000, '1 %': 100 } as const;
type Share = keyof typeof EVERY;
const SHARES = Object.keys(EVERY) as Share[]; // keys of the table

interface Sample {
  readonly seconds: number;
  readonly source: Work;
  readonly target: Work;
}

const SOURCE = 'incremental_source';
const TARGET = 'incremental_target';

/** Changes one row in `every`, spread over all keys, with stamps as an application sets them. */
async function change(cluster: Cluster, every: number): Promise<number> {
  if (every === 0) return 0;
  return cluster.use(SOURCE, async (client) => {
    const { rowCount } = await client.query(
      `update parcels set land_value = land_value + 1.25, updated_at = clock_timestamp()
       where (hashint8extended(parcel_id, 11) & 9223372036854775807) % $1 = 0`,
      [every],
    );
    return rowCount ?? 0;
  });
}

/** Pages of the table as a look at each of its rows touches them once. */
const scanBytes = (cluster: Cluster): Promise<number> =>
  cluster.use(SOURCE, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(`select pg_relation_size('parcels')::text as bytes`);
    return Number(rows[0]?.bytes);
  });

/** A slot keeps its database from being dropped. */
async function dropSlots(cluster: Cluster): Promise<void> {
  await cluster.use('postgres', (admin) =>
    admin.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1', [SOURCE]),
  );
}

/** A job that counts other changes than were made fails the bench; primary_key sees no change of values. */
function requireRight(name: Name, { status }: JobRun, changed: number): void {
  const expected = name === 'primary_key' ? 0 : changed;
  if (status.counts.updated !== expected)
    throw new Error(`${name}: ${expected} rows differ, but the job counts ${JSON.stringify(status.counts)}.`);
}

async function measured(cluster: Cluster, service: LocalService, name: Name, share: Share): Promise<Sample> {
  const { mode, config } = STRATEGIES[name];
  const pair = { source: cluster.url(SOURCE), target: cluster.url(TARGET) };
  const changed = await change(cluster, EVERY[share]);
  await resetStatements(cluster);
  const run = await runJob(service.api, pair, config, mode);
  requireRight(name, run, changed);
  return {
    seconds: run.wholeSeconds,
    source: await workOf(cluster, SOURCE),
    target: await workOf(cluster, TARGET),
  };
}

function report(
  samples: ReadonlyMap<Name, ReadonlyMap<Share, readonly Sample[]>>,
  rows: number,
  scanBytes: number,
): string {
  const head = [
    'strategy',
    'changed',
    'whole job s',
    'of the full job',
    'source MB',
    'source rows',
    'target MB',
    'target rows',
  ];
  const full = (share: Share) => median((samples.get('hash, full')?.get(share) ?? []).map((s) => s.seconds));
  const lines = [...samples.keys()].flatMap((name) =>
    SHARES.map((share) => {
      const all = samples.get(name)?.get(share) ?? [];
      const last = all.at(-1);
      const mb = (work: Work | undefined) => ((work?.bytes ?? 0) / 1e6).toFixed(1);
      return [
        name,
        share,
        spread(all.map((s) => s.seconds)),
        (median(all.map((s) => s.seconds)) / full(share)).toFixed(2),
        mb(last?.source),
        String(last?.source.rows ?? ''),
        mb(last?.target),
        String(last?.target.rows ?? ''),
      ];
    }),
  );
  return `${rows} rows; one scan of the table touches ${(scanBytes / 1e6).toFixed(1)} MB; MB are pages that statements touched in shared memory or read, rows are those that statements sent or wrote\n\n${table([head, ...lines])}`;
}

/**
 * Incremental jobs of each strategy after nothing, 0.01 % and 1 % of the rows have changed, beside full jobs in the same
 * run. Strategies take turns on copies of the same two databases. Throws when a job finds anything else than was changed.
 */
export async function incremental(
  cluster: Cluster,
  service: LocalService,
  options: {
    readonly rows: number;
    readonly runs: number;
    /** Strategies whose names begin so; absent: all. */
    readonly only?: string;
    readonly say: (line: string) => void;
  },
): Promise<string> {
  options.say(`Making ${options.rows} rows ...`);
  await makeWorkload(cluster, options.rows, []);
  const names = NAMES.filter((name) => name.startsWith(options.only ?? ''));
  const samples = new Map(names.map((name) => [name, new Map(SHARES.map((share) => [share, [] as Sample[]]))]));
  for (let run = 1; run <= options.runs; run++) {
    for (const name of names) {
      await dropSlots(cluster);
      await cluster.copy(sourceOf(options.rows), SOURCE);
      await cluster.use(SOURCE, (client) => client.query('create index on parcels (updated_at, parcel_id)'));
      await cluster.copy(SOURCE, TARGET);
      const pair = { source: cluster.url(SOURCE), target: cluster.url(TARGET) };
      await runJob(service.api, pair, STRATEGIES[name].config); // what the incremental jobs continue from
      for (const share of SHARES) {
        const sample = await measured(cluster, service, name, share);
        samples.get(name)?.get(share)?.push(sample);
        options.say(`run ${run}, ${name}, ${share}: ${sample.seconds.toFixed(2)} s`);
      }
    }
  }
  await dropSlots(cluster);
  return report(samples, options.rows, await scanBytes(cluster));
}
