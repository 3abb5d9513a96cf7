/**
 * How much each level runs. `nightly` and `release` are those of the plan (reference/failure-modes.md section 3); `pr` is
 * what two busy cores do within three minutes: of model schedules on real servers 60 instead of 100.
 */
export const LEVELS = {
  pr: { property: 500, simulated: 2_000, model: 60 },
  nightly: { property: 20_000, simulated: 100_000, model: 5_000 },
  release: { property: 100_000, simulated: 1_000_000, model: 20_000 },
} as const;

export type Level = keyof typeof LEVELS;

export const SUITES = ['properties', 'simulated', 'model', 'controls'] as const;

/** What `npm run faults` asks for, or, within `npm test`, the level `pr`. */
export function asked(env: Readonly<Record<string, string | undefined>> = process.env) {
  const level = (env.FAULTS_LEVEL ?? 'pr') as Level; // run.ts lets no other through
  const seed = env.FAULTS_SEED === undefined ? undefined : Number(env.FAULTS_SEED);
  return { level, seed, ...LEVELS[level] };
}

/** The seeds of a suite: one that is to be repeated, or as many as the level says. */
export function seeds(count: number, seed: number | undefined): readonly number[] {
  return seed === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [seed];
}
