const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);

/**
 * How much each level runs. `nightly` and `release` are those of the plan (reference/failure-modes.md section 3); `pr` is
 * what two busy cores do within four minutes, as a part of `npm test`: a third of the plan's. `kills`: chunks of `apply` at which each failpoint is met, how often the
 * other passes are, and detection strategies. `frozen` and `aws` are jobs.
 */
export const LEVELS = {
  pr: {
    property: 200,
    simulated: 700,
    model: 20,
    kills: { chunks: [5], others: 1, strategies: 1 },
    frozen: 1,
    aws: 1,
  },
  nightly: {
    property: 20_000,
    simulated: 100_000,
    model: 5_000,
    kills: { chunks: upTo(25), others: 7, strategies: 4 },
    frozen: 40,
    aws: 100,
  },
  release: {
    property: 100_000,
    simulated: 1_000_000,
    model: 20_000,
    kills: { chunks: upTo(50), others: 13, strategies: 4 },
    frozen: 200,
    aws: 500,
  },
} as const;

export type Level = keyof typeof LEVELS;

/** Suites by name, and the file of each. */
export const SUITES = {
  properties: 'suites',
  simulated: 'suites',
  model: 'suites',
  controls: 'controls',
  processes: 'processes',
} as const;

/** What `npm run faults` asks for, or, within `npm test`, the level `pr`. */
export function asked(env: Readonly<Record<string, string | undefined>> = process.env) {
  const level = (env.FAULTS_LEVEL ?? 'pr') as Level; // run.ts lets no other through
  const seed = env.FAULTS_SEED === undefined ? undefined : Number(env.FAULTS_SEED);
  const from = Number(env.FAULTS_FROM ?? 1);
  return { level, seed, from, ...LEVELS[level] };
}

/** Whether a suite may begin another schedule: always, or for so many minutes as `--minutes` gives each. */
export function allowance(env: Readonly<Record<string, string | undefined>> = process.env): () => boolean {
  const end = env.FAULTS_MINUTES === undefined ? Infinity : Date.now() + Number(env.FAULTS_MINUTES) * 60_000;
  return () => Date.now() < end;
}

/** The seeds of a suite: one that is to be repeated, or as many as the level says, beginning `from` one of them. */
export function seeds(count: number, seed: number | undefined, from = 1): readonly number[] {
  return seed === undefined ? upTo(count).slice(from - 1) : [seed];
}
