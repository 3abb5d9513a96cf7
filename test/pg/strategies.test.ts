import { expect, test } from 'vitest';
import { rowVersions } from '../support/compare.ts';
import { ports, runJob } from '../support/in-process.ts';
import { few } from '../support/level.ts';
import { meddled } from '../support/meddle.ts';
import { cases, configOf, differ, expected, inStep, left, sees } from '../support/strategy-cases.ts';

// What each strategy says of itself is exactly what it does.

test.each(cases)('$title sees what it declares, and nothing else', async (c) => {
  await using pair = await inStep(c);
  await differ(pair);

  const { job, counts } = await runJob(pair, configOf(c), {}, ports(), c.mode);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(await left(pair)).toEqual(expected(c));
  expect(counts).toMatchObject({
    inserted: 10,
    updated: (sees(c, 'updates') ? 10 : 0) + (sees(c, 'target_edits') ? 10 : 0),
    deleted: sees(c, 'deletes') ? 10 : 0,
    kept: 0,
  });
});

test.each(cases)('$title writes nothing where nothing differs', async (c) => {
  await using pair = await inStep(c);
  const before = await rowVersions(pair.target.client);

  const { job, counts } = await runJob(pair, configOf(c), {}, ports(), c.mode);

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
  expect(await rowVersions(pair.target.client)).toEqual(before);
});

test.each(cases)('$title tells in a dry run what it would do, and does none of it', async (c) => {
  await using pair = await inStep(c);
  await differ(pair);
  const before = await rowVersions(pair.target.client);

  const dry = await runJob(pair, { ...configOf(c), dry_run: true }, {}, ports(), c.mode);
  const after = await rowVersions(pair.target.client);
  const real = await runJob(pair, configOf(c), {}, ports(), c.mode);

  expect(after).toEqual(before);
  expect(dry.counts).toEqual(real.counts);
});

test.each(cases)('$title looks at filtered rows only', async (c) => {
  const filters = { 'public.t': [{ column: 'a', op: 'lt' as const, value: 5 }] };
  await using pair = await inStep(c, { filters });
  await pair.target.client.query(`insert into t values (7, 'b9001', 0, '{}', now())`);
  await differ(pair);

  const { job, ports: p } = await runJob(pair, { ...configOf(c), filters }, {}, ports(), c.mode);
  const kept = (await pair.target.client.query('select b from t where a >= 5')).rows.map((r) => r.b);
  const taken = (await pair.target.client.query('select b from t where a < 5 and substr(b, 2)::int > 1000')).rows;
  const [table] = await p.jobs.tables(job.job_id);

  expect(job.state).toBe('completed');
  expect((table?.window ?? table?.changed_keys) !== undefined).toBe(c.mode === 'incremental');
  expect(kept).toEqual(['b9001']);
  expect(taken).toHaveLength(4);
});

test.each(cases)(
  '$title gives the same result in any batches and however many work at once',
  { timeout: 120_000 },
  async (c) => {
    await using pair = await inStep(c);
    const results: unknown[] = [];

    const sizes = [
      [1, 1],
      [1000, 1],
      [1, 8],
      [1000, 8],
    ];
    for (const [round, [batch_size, parallel]] of few(sizes, 2).entries()) {
      await differ(pair, round);
      const p = { ...ports(), databases: meddled({ cuts: ['5', '11', '17'] }) };
      const config = { ...configOf(c), batch_size: batch_size ?? 1, max_parallel_operations: parallel ?? 1 };
      const { job, counts } = await runJob(pair, config, {}, p, c.mode);
      const { inserted, updated, deleted, quarantined } = counts;
      results.push({ state: job.state, inserted, updated, deleted, quarantined });
      expect(await left(pair)).toEqual(expected(c, (round + 1) * 10));
    }

    expect(new Set(results.map((r) => JSON.stringify(r))).size).toBe(1);
  },
);
