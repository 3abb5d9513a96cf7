/** How far a job had come when its status was read. */
export interface Sample {
  /** ms since 1970. */
  readonly atMs: number;
  readonly read: number;
}

/** Two hours of a poll each 2 s. */
const MOST_SAMPLES = 3600;

/** Adds a sample. What another epoch has counted again is no work of now: a count that went back begins anew. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (last && sample.atMs <= last.atMs) return samples;
  if (last && sample.read < last.read) return [sample];
  return [...samples, sample].slice(-MOST_SAMPLES);
}

/** Rows a second between each two samples, at the time of the later one: seconds since 1970, and rows. */
export function ratesOf(samples: readonly Sample[]): readonly [readonly number[], readonly number[]] {
  const pairs = samples.slice(1).map((sample, i) => [samples[i] as Sample, sample] as const); // one before each
  return [
    pairs.map(([, after]) => after.atMs / 1000),
    pairs.map(([before, after]) => ((after.read - before.read) * 1000) / (after.atMs - before.atMs)),
  ];
}
