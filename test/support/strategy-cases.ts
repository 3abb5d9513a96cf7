import { detectionStrategies } from '../../lib/change-detector/registry.ts';
import type { JobMode } from '../../lib/model/job.ts';
import { DIFFERENCES, type DifferenceKind, type StrategyFacts } from '../../lib/model/strategy.ts';
import { compareDatabases } from './compare.ts';
import { createPair, type TestPair } from './databases.ts';
import { runJob } from './in-process.ts';

export interface Case {
  readonly strategy: StrategyFacts;
  readonly mode: JobMode;
  readonly sweep: boolean;
  readonly title: string;
}

/** Every strategy in every kind of job it knows, and with every option that changes what it sees. */
export const cases: readonly Case[] = detectionStrategies.flatMap((strategy) => {
  const modes: readonly JobMode[] = strategy.incremental ? ['full', 'incremental'] : ['full'];
  return modes.flatMap((mode) => {
    const sweeps = mode === 'incremental' && strategy.options.includes('key_sweep') ? [false, true] : [false];
    return sweeps.map((sweep) => ({
      strategy,
      mode,
      sweep,
      title: `${strategy.name}, ${mode}${sweep ? ', swept' : ''}`,
    }));
  });
});

export const sees = ({ strategy, mode, sweep }: Case, kind: DifferenceKind): boolean => {
  const sight = (mode === 'incremental' ? strategy.incremental : strategy.full)?.sees[kind];
  return sight === 'always' || sight === 'window' || (sight === 'sweep' && sweep);
};

export const configOf = ({ strategy, sweep }: Case) => ({
  detection_strategy: strategy.name,
  delete_mode: 'mirror' as const,
  max_delete_percent: 100,
  ...(strategy.incremental && { timestamp_overlap_seconds: 0 }),
  ...(sweep && { key_sweep: true }),
});

const TABLE = `create table t (a int, b text collate "C", x numeric, y jsonb, updated_at timestamptz not null default now(), primary key (a, b))`;
const ROW = `i % 20, 'b' || i, i * 1.5, jsonb_build_object('n', i), now()`;

type Config = NonNullable<Parameters<typeof runJob>[1]>;

/** Two equal tables of 500 rows, and what a job of the case needs to have happened before. */
export async function inStep(c: Case, more: Config = {}): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select ${ROW} from generate_series(1, 500) i`);
  await runJob(pair, { ...configOf({ ...c, sweep: false }), tables: { include: ['public.t'] }, ...more });
  return pair;
}

/** Some differences of each kind; the blocks of a hundred keep the kinds and the rounds apart. */
export async function differ(pair: TestPair, round = 0, each = 10) {
  const at = (block: number) => `between ${block * 100 + round * each + 1} and ${block * 100 + round * each + each}`;
  const n = `substr(b, 2)::int`;
  await pair.source.client.query(`insert into t select ${ROW} from generate_series(1000, 2000) i where i ${at(10)}`);
  await pair.source.client.query(`update t set x = -x, updated_at = now() where ${n} ${at(1)}`);
  await pair.source.client.query(`delete from t where ${n} ${at(2)}`);
  await pair.target.client.query(`update t set y = '{}' where ${n} ${at(3)}`);
}

/** How many differences of each kind are left. */
export async function left(pair: TestPair): Promise<Record<DifferenceKind, number>> {
  const { missing, extra, different } = (await compareDatabases(pair.source.client, pair.target.client))[
    'public.t'
  ] ?? {
    missing: [],
    extra: [],
    different: [],
  };
  const edited = (key: string) => Math.floor(Number(/b(\d+)/.exec(key)?.[1]) / 100) === 3;
  return {
    inserts: missing.length,
    deletes: extra.length,
    updates: different.filter((key) => !edited(key)).length,
    target_edits: different.filter(edited).length,
  };
}

export const expected = (c: Case, each = 10) =>
  Object.fromEntries(DIFFERENCES.map((kind) => [kind, sees(c, kind) ? 0 : each]));
