import { expect, test } from 'vitest';
import { createPair, type TestDatabase } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

// What a job in both directions does to each side, case by case.

const TABLE = 'create table t (id int primary key, a text, b text, n int)';
const config = { direction: 'bidirectional' as const, max_delete_percent: 100, tables: { include: ['public.t'] } };

/** Rows with their versions: a row that is written again has another one. */
async function versions(db: TestDatabase): Promise<readonly string[]> {
  return (await db.client.query('select t::text || xmin::text as x from t order by id')).rows.map((r) => r.x);
}

async function rows(db: TestDatabase): Promise<readonly string[]> {
  return (await db.client.query('select t::text as x from t order by id')).rows.map((r) => r.x);
}

test('edits of each side go to the other in one run, and the next run writes nothing on either', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  const { source, target } = pair;
  await source.client.query(`insert into t select i, 'a', 'b', 1 from generate_series(1, 10) i`);
  await target.client.query(`insert into t values (100, 'only', 'target', 1)`);
  const first = await runJob(pair, { ...config, conflict_strategy: 'field_level' });
  expect(first.job.failure).toBeUndefined();
  expect(first.counts).toMatchObject({ read: 11, inserted: 10, source_inserted: 1, kept: 0 });
  expect(await rows(source)).toEqual(await rows(target));

  await source.client.query(
    `update t set a = 's' where id in (1, 2); delete from t where id = 3; insert into t values (20, 's')`,
  );
  await target.client.query(
    `update t set b = 't' where id in (2, 4); delete from t where id = 5; insert into t values (21, 't')`,
  );
  const { job, counts } = await runJob(pair, { ...config, conflict_strategy: 'field_level' });
  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toEqual({
    read: 13,
    inserted: 1,
    updated: 2,
    deleted: 1,
    unchanged: 6,
    kept: 0,
    conflicts: 0,
    quarantined: 0,
    skipped: 0,
    source_inserted: 1,
    source_updated: 1,
    source_deleted: 1,
  });
  expect(await rows(source)).toEqual(await rows(target));
  expect(await rows(source)).toContain('(2,s,t,1)');
  expect((await target.client.query('select from tf_sync.intent')).rowCount).toBe(0);

  const before = [await versions(source), await versions(target)];
  const quiet = await runJob(pair, { ...config, conflict_strategy: 'field_level' });
  expect(quiet.counts).toMatchObject({ read: 11, unchanged: 11 });
  expect([await versions(source), await versions(target)]).toEqual(before);
  expect((await source.client.query('select from tf_sync.lease')).rowCount).toBe(0);
});
