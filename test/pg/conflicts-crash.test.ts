import { expect, test } from 'vitest';
import { createPair, type TestPair } from '../support/databases.ts';
import { KILLED, ports, runJob } from '../support/in-process.ts';
import { turns } from '../support/level.ts';
import { meddled } from '../support/meddle.ts';
import { eventsOf } from '../support/trail.ts';

// A worker dies before and after every commit of a job that decides rows in every way there is; the outcome is that of a job
// that nobody disturbed.

const TABLE = 'create table t (id int primary key, name text, qty int, phone text, updated_at timestamptz)';
const config = {
  batch_size: 24,
  max_delete_percent: 100,
  tables: { include: ['public.t'] },
  conflict_strategy: 'field_level',
  conflict_rules: {
    'public.t': {
      fields: { qty: 'sum' as const, phone: 'manual' as const, '*': 'newer' as const },
      types: { update_deleted: 'target_wins', delete_updated: 'manual', insert_exists: 'source_wins' },
    },
  },
};

async function disagreeing(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(
    `insert into t select i, 'n' || i, 10, 'p', '2024-01-01' from generate_series(1, 80) i`,
  );
  await runJob(pair, config);
  const both = async (source: string, target: string) => {
    await pair.source.client.query(source);
    await pair.target.client.query(target);
  };
  const of = (n: number) => `where id % 10 = ${n}`;
  await both(`update t set qty = qty + 1 ${of(1)}`, `update t set qty = qty + 5 ${of(1)}`); // summed
  await both(`update t set name = 's' ${of(2)}`, `update t set phone = 't' ${of(2)}`); // merged
  await both(`update t set phone = 's' ${of(3)}`, `update t set phone = 't' ${of(3)}`); // queue
  await both(`update t set name = 's' ${of(4)}`, `delete from t ${of(4)}`); // stays deleted
  await both(`delete from t ${of(5)}`, `update t set name = 't' ${of(5)}`); // queue
  await both(`delete from t ${of(6)}`, 'select');
  await both(`update t set name = 's' ${of(7)}`, 'select');
  await both('select', `update t set name = 't' ${of(8)}`); // target edit
  await both(
    `insert into t select i, 's', 1, 's', null from generate_series(101, 110) i`,
    `insert into t select i, 't', 2, 't', null from generate_series(101, 105) i`,
  );
  return pair;
}

async function outcome(pair: TestPair, databases = ports().databases) {
  const p = { ...ports(), databases };
  const { job, counts } = await runJob(pair, config, { redeliver: true }, p);
  const one = async (text: string) => (await pair.target.client.query(text)).rows[0]?.x;
  const decided = (await eventsOf(p.audit, job.job_id)).filter((e) => e.type === 'conflict.decided');
  return {
    failure: job.failure,
    state: job.state,
    counts,
    rows: await one(`select string_agg(t::text, E'\\n' order by id) as x from t`),
    queue: await one(
      `select string_agg(key[1] || ' ' || (data ->> 'type'), ',' order by key[1]::int) as x from tf_sync.conflict where state = 'open'`,
    ),
    bases: await one(
      `select md5(string_agg(k || ' ' || s::text || coalesce(t::text, ''), ',' order by k)) as x from tf_sync.base_row`,
    ),
    decided: decided.map((e) => `${e.data.type} ${e.data.rule} ${e.data.after}`).sort(),
    ids: decided.length - new Set(decided.map((e) => e.data.conflict_id)).size,
  };
}

test('a worker that dies before or after any commit leaves every row decided once', { timeout: 240_000 }, async () => {
  await using undisturbed = await disagreeing();
  const wanted = await outcome(undisturbed);
  expect(wanted.failure).toBeUndefined();
  expect(wanted.counts).toMatchObject({ conflicts: 16, deleted: 8 });
  expect(wanted.decided.length).toBeGreaterThan(20);
  expect(wanted.ids).toBe(0); // no row twice

  let commits = 1;
  for (let at = 1; at <= commits; at++) {
    for (const when of turns(at)) {
      await using pair = await disagreeing();
      commits = 0;
      const onCommit = async (n: number, commit: () => Promise<void>) => {
        commits = n;
        if (n === at && when === 'before') throw new Error(KILLED);
        await commit();
        if (n === at && when === 'after') throw new Error(KILLED);
      };
      expect(await outcome(pair, meddled({ onCommit })), `${when} ${at}`).toEqual(wanted);
    }
  }
  expect(commits).toBeGreaterThan(5);
});
