import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob, start } from '../support/in-process.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

const sql = async (pair: TestPair, side: 'source' | 'target', text: string) =>
  (await pair[side].client.query(text)).rows;

const TABLE = `create table t (id int primary key, name text, qty numeric, updated_at timestamptz not null default now())`;

async function pairOf(rows: number): Promise<TestPair> {
  const pair = await createPair();
  for (const side of ['source', 'target'] as const) await sql(pair, side, TABLE);
  await sql(pair, 'source', `insert into t select i, 'n' || i, i, now() from generate_series(1, ${rows}) i`);
  return pair;
}

const MANUAL: Config = { conflict_strategy: 'manual', max_delete_percent: 100, tables: { include: ['public.t'] } };

/** Changes with every write, also one that leaves all values as they were. */
const writes = async (pair: TestPair) =>
  (
    await sql(
      pair,
      'target',
      `select count(*) || md5(string_agg(ctid::text || xmin, ',' order by ctid)) as d from tf_sync.base_row`,
    )
  )[0];

const problems = async (pair: TestPair, config: Config) =>
  ((await start(pair, config).catch((e: unknown) => e)) as { problems?: { code: string; object?: string }[] }).problems;

test.each([
  { detection_strategy: 'hash', mode: 'full' },
  { detection_strategy: 'content', mode: 'full' },
  { detection_strategy: 'timestamp', mode: 'full' },
  { detection_strategy: 'timestamp', mode: 'incremental' },
] as const)(
  '$detection_strategy, $mode: tells edits of each side from conflicts, and a quiet run writes no base',
  async ({ detection_strategy, mode }) => {
    await using pair = await pairOf(1_000);
    const config = {
      ...MANUAL,
      detection_strategy,
      ...(detection_strategy === 'timestamp' && { timestamp_overlap_seconds: 0 }),
    };
    const run = (how: JobMode = mode) => runJob(pair, config, {}, ports(), how);
    await run('full');
    const adopted = await sql(pair, 'target', 'select count(*) as n from tf_sync.base_row');
    const before = await writes(pair);
    const quiet = await run();
    const after = await writes(pair);
    const touch = ', updated_at = now()';
    for (const side of ['source', 'target'] as const)
      await sql(pair, side, `update t set name = '${side}'${side === 'source' ? touch : ''} where id between 1 and 5`);
    await sql(pair, 'source', `update t set name = 'new'${touch} where id between 6 and 10`);
    await sql(pair, 'target', `update t set name = 'mine' where id between 11 and 15`);
    await sql(pair, 'source', `update t set qty = -1${touch} where id between 16 and 20`);
    await sql(pair, 'target', `update t set name = 'mine' where id between 16 and 20`);
    const met = await run();
    const again = await run();

    expect(adopted[0]?.n).toBe('1000');
    expect(quiet.job.failure).toBeUndefined();
    expect(after).toEqual(before);
    expect(met.job.failure).toBeUndefined();
    const seen = mode === 'full' ? { kept: 5, unchanged: 980 } : {};
    expect(met.counts).toMatchObject({ conflicts: 5, updated: 10, ...seen });
    expect(await sql(pair, 'target', 'select name, qty from t where id = 16')).toEqual([{ name: 'mine', qty: '-1' }]);
    expect(again.counts).toMatchObject({ updated: 0, inserted: 0, deleted: 0 });
    expect(again.job).toMatchObject({ state: 'completed_with_issues', open_conflicts: 5 });
  },
);

test('an incremental job goes on with conflicts that its window does not show', async () => {
  await using pair = await pairOf(50);
  const config = { ...MANUAL, detection_strategy: 'timestamp', timestamp_overlap_seconds: 0 };
  await runJob(pair, config);
  for (const side of ['source', 'target'] as const)
    await sql(pair, side, `update t set name = '${side}', updated_at = now() where id in (1, 2)`);
  await runJob(pair, config, {}, ports(), 'incremental');
  await sql(
    pair,
    'target',
    `update t set (name, updated_at) = ('source', (select '2001-01-01'::timestamptz)) where id = 1`,
  );
  await sql(pair, 'source', `update t set updated_at = '2001-01-01' where id = 1`);
  const later = await runJob(pair, config, {}, ports(), 'incremental');
  const last = await runJob(pair, config, {}, ports(), 'incremental');
  const open = await sql(pair, 'target', `select key[1] as id, seen_by from tf_sync.conflict where state = 'open'`);

  expect([later.job.state, last.job.state]).toEqual(['completed_with_issues', 'completed_with_issues']);
  expect(open).toEqual([{ id: '2', seen_by: last.job.job_id }]);
});

test('numbers within a tolerance are no change of anybody', async () => {
  await using pair = await pairOf(100);
  const config = { ...MANUAL, detection_strategy: 'content', tolerances: { 'public.t.qty': 0.5 } };
  await runJob(pair, config);
  await sql(pair, 'target', 'update t set qty = qty + 0.2 where id <= 50');
  const alike = await runJob(pair, config);
  await sql(pair, 'source', `update t set name = 'new' where id <= 10`);
  const changed = await runJob(pair, config);

  expect(alike.counts).toMatchObject({ unchanged: 100, conflicts: 0, kept: 0 });
  expect(changed.counts).toMatchObject({ updated: 10, conflicts: 0, unchanged: 90 });
  expect(await sql(pair, 'target', 'select name, qty from t where id = 1')).toEqual([{ name: 'new', qty: '1.2' }]);
});

test('a table that outgrows its layout keeps its base; keys that left both sides are forgotten', async () => {
  await using pair = await pairOf(100);
  await runJob(pair, MANUAL);
  await sql(pair, 'target', `update t set name = 'mine' where id = 1`);
  await runJob(pair, MANUAL);
  await sql(pair, 'source', `insert into t select i, 'n' || i, i, now() from generate_series(101, 5000) i`);
  for (const side of ['source', 'target'] as const) await sql(pair, side, 'delete from t where id = 2');
  await sql(pair, 'source', `update t set name = 's' where id = 1`);
  const grown = await runJob(pair, MANUAL);
  for (const side of ['source', 'target'] as const)
    await sql(pair, side, `insert into t values (2, '${side}', 2, now())`);
  const later = await runJob(pair, MANUAL);
  const types = await sql(
    pair,
    'target',
    `select key[1] as id, data ->> 'type' as type from tf_sync.conflict order by 1`,
  );

  expect(grown.counts).toMatchObject({ conflicts: 1, inserted: 4_900 });
  expect(later.counts).toMatchObject({ conflicts: 2 });
  expect(types).toEqual([
    { id: '1', type: 'update_differing' },
    { id: '2', type: 'insert_exists' },
  ]);
  expect(await sql(pair, 'target', 'select count(distinct base) as n from tf_sync.base_row')).toEqual([{ n: '1' }]);
});

test('rows that the target has deleted, all of them, are not copied back', async () => {
  await using pair = await pairOf(200);
  await runJob(pair, MANUAL);
  await sql(pair, 'target', 'delete from t');
  const run = await runJob(pair, MANUAL);

  expect(run.counts).toMatchObject({ kept: 200, inserted: 0, read: 200 });
  expect(run.job.state).toBe('completed');
});

test('a job that lets the source win drops the base, and keeps none', async () => {
  await using pair = await pairOf(50);
  const bases = () => sql(pair, 'target', 'select count(*) as n from tf_sync.base_row');
  await runJob(pair, MANUAL);
  const kept = await bases();
  const { counts } = await runJob(pair, { ...MANUAL, conflict_strategy: 'source_wins' });

  expect(kept).toEqual([{ n: '50' }]);
  expect(await bases()).toEqual([{ n: '0' }]);
  expect(counts).toMatchObject({ unchanged: 50 });
});

test('a dry run says what it would decide and writes nothing', async () => {
  await using pair = await pairOf(50);
  await runJob(pair, MANUAL);
  for (const side of ['source', 'target'] as const)
    await sql(pair, side, `update t set name = '${side}' where id <= 3`);
  await sql(pair, 'source', `update t set name = 'new' where id = 4`);
  const before = await writes(pair);
  const run = await runJob(pair, { ...MANUAL, dry_run: true });

  expect(run.job.failure).toBeUndefined();
  expect(run.counts).toMatchObject({ conflicts: 3, updated: 1, unchanged: 46 });
  expect(await writes(pair)).toEqual(before);
  expect(await sql(pair, 'target', 'select count(*) as n from tf_sync.conflict')).toEqual([{ n: '0' }]);
});

test('rows that refer to later rows of their table, and rows that exchange unique values, are decided like any other', async () => {
  await using pair = await createPair();
  for (const side of ['source', 'target'] as const)
    await sql(pair, side, 'create table t (id int primary key, u int unique, name text, up int references t)');
  await sql(
    pair,
    'source',
    `insert into t select i, i, 'n', case when i < 60 then i + 1 end from generate_series(1, 60) i`,
  );
  const config = { ...MANUAL, batch_size: 10 };
  const first = await runJob(pair, config);
  // two that exchange values, one of them edited in the target as well; and rows that refer to new ones behind them
  await sql(pair, 'source', 'update t set u = 1000 + id where id in (1, 50)');
  await sql(pair, 'source', 'update t set u = case id when 1 then 50 else 1 end where id in (1, 50)');
  await sql(pair, 'target', `update t set name = 'mine' where id = 50`);
  await sql(pair, 'source', `insert into t select i, i, 'n', null from generate_series(61, 90) i`);
  await sql(pair, 'source', 'update t set up = 90 where id between 2 and 20');
  const run = await runJob(pair, config);
  const rows = await sql(pair, 'target', 'select id, u, name, up from t where id in (1, 2, 50) order by id');

  expect(first.job).toMatchObject({ state: 'completed' });
  expect(run.job).toMatchObject({ state: 'completed' });
  expect(run.counts).toMatchObject({ inserted: 30, updated: 21, conflicts: 0, quarantined: 0 });
  expect(rows).toEqual([
    { id: '1', u: '50', name: 'n', up: '2' },
    { id: '2', u: '2', name: 'n', up: '90' },
    { id: '50', u: '1', name: 'mine', up: '51' },
  ]);
});

test('a strategy that has nothing to go by is refused with the remedy, before a row moves', async () => {
  await using pair = await createPair();
  for (const side of ['source', 'target'] as const) {
    await sql(pair, side, 'create table a (id int primary key, tags text[], n int); create table b (x int)');
  }
  const rules = (of: NonNullable<Config['conflict_rules']>) => ({
    tables: { include: ['public.a'] },
    conflict_rules: of,
  });
  const codes = async (config: Config) => (await problems(pair, config))?.map((p) => [p.code, p.object]);

  expect(
    await codes({ tables: { include: ['public.a'] }, conflict_strategy: 'manual', detection_strategy: 'primary_key' }),
  ).toEqual([['conflict_strategy_unsupported', 'public.a']]);
  expect(
    await codes({ tables: { include: ['public.b'] }, conflict_strategy: 'manual', detection_strategy: 'content' }),
  ).toEqual([['conflict_strategy_unsupported', 'public.b']]);
  expect(await codes({ tables: { include: ['public.a'] }, conflict_strategy: 'newer_wins' })).toEqual([
    ['newer_column_missing', 'public.a'],
  ]);
  expect(await codes(rules({ 'public.a': { strategy: 'newer_wins', newer_column: 'n' } }))).toEqual([
    ['newer_column_missing', 'public.a'],
  ]);
  expect(
    await codes(rules({ 'public.a': { strategy: 'field_level', fields: { tags: 'sum', n: 'concat', no: 'max' } } })),
  ).toEqual([
    ['conflict_rule_invalid', 'public.a.tags'],
    ['conflict_rule_invalid', 'public.a.n'],
    ['conflict_rule_invalid', 'public.a.no'],
  ]);
  expect(await codes(rules({ 'public.c': { strategy: 'manual' } }))).toEqual([['conflict_rule_invalid', 'public.c']]);
  expect(await sql(pair, 'target', `select to_regnamespace('tf_sync') as s`)).toEqual([{ s: null }]);
});
