import type { JobStatus } from '../../lib/model/answers.ts';
import type { Cluster } from './cluster.ts';
import { type DataPhase, dataPhaseOf, noteSegments } from './data-phase.ts';
import { runJob } from './job-run.ts';
import { applyDelta, deltaOf, hashBothSides, soundHash } from './limits.ts';
import type { LocalService } from './local-service.ts';
import { type Goal, median, spread, table, verdict } from './report.ts';
import { countStatements, resetStatements } from './round-trips.ts';
import { changedRows, type Kind, makeWorkload, sourceOf, targetOf } from './workload.ts';

/** Performance.md section 4: the data phase against the limit; with differences, against the limit and the raw apply. */
const GOALS: Readonly<Record<Kind, Goal>> = {
  none: { goal: 1.3, floor: 1.6 },
  u: { goal: 1.5, floor: 2 },
  c: { goal: 1.5, floor: 2 },
};

/** Performance.md section 4: worker memory. */
const MEMORY_GOAL_MB = 256;

/** One run of one kind: the limits, then the job over a target of the same content. */
interface Sample {
  readonly limitSeconds: number;
  /** The limit with a fingerprint that tells every two rows apart. */
  readonly soundSeconds: number;
  readonly applySeconds: number;
  readonly wholeSeconds: number;
  readonly phase: DataPhase;
  readonly statements: readonly number[];
  readonly cpu: { readonly limit: number; readonly job: number; readonly service: number };
}

export interface DiffOptions {
  readonly rows: number;
  readonly runs: number;
  readonly kinds: readonly Kind[];
  readonly say: (line: string) => void;
}

const SCRATCH = 'scratch';

/** The job must have found exactly what the generator changed; a fast wrong answer is no figure. */
function requireRight(status: JobStatus, changed: number): void {
  const { inserted, updated, deleted } = status.counts;
  if (inserted + updated + deleted === changed) return;
  throw new Error(`${changed} rows differ, but the job counts ${JSON.stringify(status.counts)}.`);
}

async function oneRun(cluster: Cluster, service: LocalService, kind: Kind, options: DiffOptions): Promise<Sample> {
  const source = sourceOf(options.rows);
  const target = targetOf(options.rows, kind);
  const delta = await deltaOf(cluster, options.rows, kind);

  await cluster.copy(target, SCRATCH);
  const applySeconds = kind === 'none' ? 0 : await applyDelta(cluster, SCRATCH, delta);

  await cluster.copy(target, SCRATCH);
  await noteSegments(cluster, SCRATCH);
  const limit = await hashBothSides(cluster, source, SCRATCH);
  const sound = await hashBothSides(cluster, source, SCRATCH, await soundHash(cluster, source));
  await resetStatements(cluster);
  const before = [cluster.cpuSeconds(), service.cpuSeconds()] as const;
  const pair = { source: cluster.url(source), target: cluster.url(SCRATCH) };
  const { status, wholeSeconds } = await runJob(service.api, pair, { delete_mode: 'mirror' });
  const cpu = {
    limit: limit.cpuSeconds,
    job: cluster.cpuSeconds() - before[0],
    service: service.cpuSeconds() - before[1],
  };
  const statements = await countStatements(cluster, [source, SCRATCH]);

  requireRight(status, await changedRows(cluster, options.rows, kind));
  const phase = await dataPhaseOf(cluster, SCRATCH);
  return {
    limitSeconds: limit.seconds,
    soundSeconds: sound.seconds,
    applySeconds,
    wholeSeconds,
    phase,
    statements,
    cpu,
  };
}

/** Ratio of the data phase to a limit and the raw apply, of medians. */
function ratio(
  samples: readonly Sample[],
  seconds: (sample: Sample) => number,
  limit = (sample: Sample) => sample.limitSeconds,
): number {
  return median(samples.map(seconds)) / median(samples.map((s) => limit(s) + s.applySeconds));
}

function report(byKind: ReadonlyMap<Kind, readonly Sample[]>, peaks: ReadonlyMap<Kind, number>): string {
  const head = [
    'target',
    'limit s',
    'raw apply s',
    'data phase s',
    'ratio',
    'busy s',
    'busy ratio',
    'sound limit s',
    'against it',
    'whole job s',
    'overhead s',
    'CPU s: limit',
    'database',
    'service',
  ];
  const rows = [...byKind].map(([kind, samples]) => [
    kind,
    spread(samples.map((s) => s.limitSeconds)),
    spread(samples.map((s) => s.applySeconds)),
    spread(samples.map((s) => s.phase.seconds)),
    ratio(samples, (s) => s.phase.seconds).toFixed(2),
    spread(samples.map((s) => s.phase.busySeconds)),
    ratio(samples, (s) => s.phase.busySeconds).toFixed(2),
    spread(samples.map((s) => s.soundSeconds)),
    ratio(
      samples,
      (s) => s.phase.seconds,
      (s) => s.soundSeconds,
    ).toFixed(2),
    spread(samples.map((s) => s.wholeSeconds)),
    spread(samples.map((s) => s.wholeSeconds - s.phase.seconds)),
    median(samples.map((s) => s.cpu.limit)).toFixed(2),
    median(samples.map((s) => s.cpu.job)).toFixed(2),
    median(samples.map((s) => s.cpu.service)).toFixed(2),
  ]);
  const lines = [...byKind].map(([kind, samples]) => {
    const [source, target] = samples.at(-1)?.statements ?? [];
    const peak = peaks.get(kind) ?? Number.NaN;
    const memory = `${peak.toFixed(0)} MB, ${verdict(peak, { goal: MEMORY_GOAL_MB, floor: MEMORY_GOAL_MB })}`;
    return `- ${kind}: ${verdict(
      ratio(samples, (s) => s.phase.seconds),
      GOALS[kind],
    )}; segments ${samples.at(-1)?.phase.segments}; statements ${source} source, ${target} target; worker peak so far ${memory}`;
  });
  return `${table([head, ...rows])}\n\n${lines.join('\n')}`;
}

/**
 * A diff of one table through the whole service, beside the raw limits measured in between: kinds take turns, so that a
 * busy machine is busy for all of them. Throws when a job finds anything else than what the generator changed.
 */
export async function diff(cluster: Cluster, service: LocalService, options: DiffOptions): Promise<string> {
  options.say(`Making ${options.rows} rows and their targets (${options.kinds.join(', ')}) ...`);
  await makeWorkload(cluster, options.rows, options.kinds);
  const byKind = new Map<Kind, Sample[]>(options.kinds.map((kind) => [kind, []]));
  const peaks = new Map<Kind, number>();
  for (let run = 1; run <= options.runs; run++) {
    for (const kind of options.kinds) {
      const sample = await oneRun(cluster, service, kind, options);
      byKind.get(kind)?.push(sample);
      peaks.set(kind, await service.workerPeakMb());
      const { limitSeconds, applySeconds, wholeSeconds, phase } = sample;
      options.say(
        `run ${run}, ${kind}: limit ${limitSeconds.toFixed(2)} s, raw apply ${applySeconds.toFixed(2)} s, data phase ${phase.seconds.toFixed(2)} s (busy ${phase.busySeconds.toFixed(2)} s), whole job ${wholeSeconds.toFixed(2)} s`,
      );
    }
  }
  return report(byKind, peaks);
}
