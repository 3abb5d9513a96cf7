import { expect, test } from 'vitest';
import type { Conflict, ConflictDecision } from '../../lib/model/conflict.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { applyDecision, applyDecisions } from '../../lib/orchestrator/resolve-conflict.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob } from '../support/in-process.ts';
import { toldConflicts } from '../support/memory-conflicts.ts';
import { eventsOf, faultsOf, trailOf } from '../support/trail.ts';

const TABLE = 'create table t (id int primary key, name text unique, qty int check (qty >= 0), note text)';

const sql = (pair: TestPair, side: 'source' | 'target', text: string) => pair[side].client.query(text);

/** Two equal tables of `rows` rows that a job has compared, and a second job that finds what `quarrel` has changed. */
async function disputed(quarrel: (pair: TestPair) => Promise<unknown>, rows = 20) {
  const pair = await createPair();
  for (const side of ['source', 'target'] as const) {
    await sql(pair, side, TABLE);
    await sql(pair, side, `insert into t select i, 'n' || i, i, 'x' from generate_series(1, ${rows}) i`);
  }
  const store = toldConflicts();
  const p = { ...ports(), conflicts: store };
  const config = { conflict_strategy: 'manual', max_delete_percent: 100, audit_level: 'detailed' as const };
  const run = () => runJob(pair, config, {}, p);
  await run();
  await quarrel(pair);
  const { job } = await run();
  const open = [...store.all.values()]
    .filter((c) => c.state === 'open')
    .sort((a, b) => Number(a.key[0]) - Number(b.key[0]));
  const requests = (decision: ConflictDecision, all: readonly Conflict[] = open, if_moved = 'leave') =>
    all.map((conflict) => ({
      conflict,
      decision,
      ...(if_moved === 'leave' && { expected: conflict.prints }),
      actor: 'ada',
    }));
  const decideAll = (decision: ConflictDecision, all?: readonly Conflict[], if_moved?: string) =>
    applyDecisions(requests(decision, all, if_moved), p, () => true);
  return {
    pair,
    p,
    run,
    job,
    store,
    open,
    requests,
    decideAll,
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}

type Setting = Awaited<ReturnType<typeof disputed>>;

/** What became of each, by the id of its row. */
function outcomes({ open }: Setting, decisions: Awaited<ReturnType<Setting['decideAll']>>) {
  const named = open.map((c) => {
    const found = decisions.get(c.conflict_id);
    return [c.key[0], found instanceof SyncError ? found.code : found?.outcome] as const;
  });
  return Object.fromEntries(named);
}

const bothChange = (count: number) => async (pair: TestPair) => {
  await sql(pair, 'source', `update t set name = 'source ' || id where id <= ${count}`);
  await sql(pair, 'target', `update t set name = 'target ' || id where id <= ${count}`);
};

test('a row that the target refuses fails alone; the others of its batch are applied', async () => {
  await using s = await disputed(async (pair) => {
    await bothChange(9)(pair);
    await sql(pair, 'source', 'alter table t drop constraint t_qty_check');
    await sql(pair, 'source', 'update t set qty = -1 where id in (3, 8)');
  });

  const decisions = await s.decideAll({ side: 'source' });

  expect(outcomes(s, decisions)).toEqual({
    ...Object.fromEntries([1, 2, 4, 5, 6, 7, 9].map((id) => [id, 'applied'])),
    3: 'row_rejected',
    8: 'row_rejected',
  });
  const { rows } = await sql(s.pair, 'target', `select id from t where name like 'target%' order by 1`);
  expect(rows.map((r) => r.id)).toEqual(['3', '8']);
  expect([...s.store.all.values()].filter((c) => c.state === 'open').map((c) => c.key[0])).toEqual(['3', '8']);
});

test('rows are inserted, deleted, merged and kept in one batch, values that pass from row to row among them', async () => {
  await using s = await disputed(async (pair) => {
    await sql(pair, 'source', `delete from t where id in (1, 2)`);
    await sql(pair, 'target', `update t set qty = 50 where id in (1, 2)`);
    await sql(pair, 'source', `update t set name = 'new ' || id where id in (3, 4)`);
    await sql(pair, 'target', `delete from t where id in (3, 4)`);
    // the source gives the names of 5 and 6 to each other; the target changed both
    await sql(pair, 'source', `update t set name = 'x' where id = 5`);
    await sql(pair, 'source', `update t set name = 'n5' where id = 6`);
    await sql(pair, 'source', `update t set name = 'n6' where id = 5`);
    await sql(pair, 'target', `update t set name = 'm' || id, qty = 60 where id in (5, 6)`);
    await sql(pair, 'target', `update t set name = case id when 5 then 'n6' else 'n5' end || 'x' where id in (5, 6)`);
  });

  const decisions = await s.decideAll({ side: 'source' });
  const later = await s.run();

  expect(new Set(Object.values(outcomes(s, decisions)))).toEqual(new Set(['applied']));
  expect(s.open.map((c) => c.type)).toEqual([
    'delete_updated',
    'delete_updated',
    'update_deleted',
    'update_deleted',
    'update_differing',
    'update_differing',
  ]);
  expect(later.counts).toMatchObject({ unchanged: 18, conflicts: 0, kept: 0, updated: 0 });
  expect(later.job.state).toBe('completed');
  expect(summary(await compareDatabases(s.pair.source.client, s.pair.target.client))).toEqual({});
});

test('what has moved stays open and is shown as it is now; what agrees by now is closed; the rest is decided', async () => {
  await using s = await disputed(bothChange(6));
  await sql(s.pair, 'target', `update t set qty = 99 where id = 2`);
  await sql(s.pair, 'source', `delete from t where id = 3`);
  await sql(s.pair, 'target', `update t set name = 'source 4' where id = 4`);

  const first = await s.decideAll({ side: 'source' });
  const shown = (id: number) => [...s.store.all.values()].find((c) => c.key[0] === String(id));
  const [two, three, four] = [shown(2), shown(3), shown(4)];
  const again = await s.decideAll(
    { side: 'source' },
    [two, three].flatMap((c) => c ?? []),
  );

  expect(outcomes(s, first)).toEqual({
    1: 'applied',
    2: 'stale',
    3: 'stale',
    4: 'already_resolved',
    5: 'applied',
    6: 'applied',
  });
  expect(two).toMatchObject({ state: 'open', type: 'update_differing', changed: ['name', 'qty'] });
  expect(two?.preview).toContainEqual({ column: 'qty', source: '2', target: '99' });
  expect(three).toMatchObject({
    state: 'open',
    type: 'delete_updated',
    prints: { source: null },
    reason: 'Was update_differing until a side moved after it was opened.',
  });
  expect(four).toMatchObject({ state: 'converged' });
  expect([...again.values()].map((d) => d instanceof SyncError || d.outcome)).toEqual(['applied', 'applied']);
  const told = (await eventsOf(s.p.audit, s.job.job_id)).filter((e) => /^conflict\.(refreshed|closed)$/.test(e.type));
  expect(told.map((e) => `${e.type} ${e.actor}`).sort()).toEqual([
    'conflict.closed ada',
    'conflict.refreshed ada',
    'conflict.refreshed ada',
  ]);
  expect((await s.run()).job.state).toBe('completed');
});

test('a decision on whatever the sides are now takes what has moved, and leaves what agrees by now', async () => {
  await using s = await disputed(bothChange(3));
  await sql(s.pair, 'source', `update t set name = 'moved' where id = 1`);
  await sql(s.pair, 'target', `update t set name = 'source 2' where id = 2`);

  const decisions = await s.decideAll({ side: 'source' }, s.open, 'decide');

  expect(outcomes(s, decisions)).toEqual({ 1: 'applied', 2: 'already_resolved', 3: 'applied' });
  expect((await sql(s.pair, 'target', 'select name from t where id = 1')).rows).toEqual([{ name: 'moved' }]);
  expect((await s.run()).job.state).toBe('completed');
});

test('a decision by hand that is stale refreshes the queue too', async () => {
  await using s = await disputed(bothChange(1));
  await sql(s.pair, 'target', `update t set qty = 7 where id = 1`);
  const [request] = s.requests({ side: 'target' });
  if (!request) throw new Error('no conflict is open');

  const stale = await applyDecision(request, s.p);
  const again = await applyDecision({ ...request, expected: stale.conflict.prints }, s.p);

  expect(stale).toMatchObject({
    outcome: 'stale',
    conflict: { changed: ['name', 'qty'] },
    images: { changed: ['name', 'qty'] },
  });
  expect(again.outcome).toBe('applied');
  // sealed again behind the decision
  const trail = await trailOf(s.p.audit, s.job.job_id);
  const sealed = (await s.p.jobs.get(s.job.job_id))?.audit_root;
  expect(sealed).toMatchObject({
    events: trail.length,
    hash: trail.at(-1)?.hash,
    previous: { events: trail.length - 1 }, // that of the refresh
  });
  expect(await faultsOf(s.p.audit, s.job.job_id)).toEqual([]);
});

test('many who decide the same many at once write each row once', async () => {
  await using s = await disputed(bothChange(400), 500);
  await sql(
    s.pair,
    'target',
    `create table writes (id int);
     create function count_write() returns trigger language plpgsql as 'begin insert into public.writes values (new.id); return null; end';
     create trigger count_write after update on t for each row execute function count_write()`,
  );
  const shuffled = s.open.toSorted((a, b) => (a.conflict_id < b.conflict_id ? 1 : -1));

  const answers = await Promise.all(
    [s.open, shuffled, s.open.slice(100), shuffled.slice(50)].map((all) => s.decideAll({ side: 'source' }, all)),
  );

  for (const answer of answers)
    for (const decision of answer.values())
      expect(decision).toMatchObject({ outcome: 'applied', conflict: { decision: { winner: 'source' } } });
  const { rows } = await sql(
    s.pair,
    'target',
    'select count(*)::text as n, count(distinct id)::text as ids from writes',
  );
  expect(rows).toEqual([{ n: '400', ids: '400' }]);
});

test('many who let the target stand at once close each conflict once, with one record', async () => {
  await using s = await disputed(bothChange(200), 200);

  const answers = await Promise.all([1, 2, 3, 4].map(() => s.decideAll({ side: 'target' })));

  for (const answer of answers)
    expect(new Set([...answer.values()].map((d) => (d instanceof SyncError ? d.code : d.outcome)))).toEqual(
      new Set(['applied']),
    );
  const told = (await eventsOf(s.p.audit, s.job.job_id)).filter((e) => e.type === 'conflict.resolved');
  expect([told.length, new Set(told.map((e) => e.data.conflict_id)).size]).toEqual([200, 200]);
});

test('what was decided before a busy table was met is told, and known again when the rest is decided', async () => {
  await using s = await disputed(async (pair) => {
    await bothChange(3)(pair);
    for (const side of ['source', 'target'] as const)
      await sql(pair, side, `create table u (id int primary key, name text); insert into u values (1, '${side}')`);
  });
  const ordered = s.open.toSorted((a, b) => (a.table < b.table ? -1 : 1)); // public.t, then public.u
  await sql(
    s.pair,
    'target',
    `insert into tf_sync.lease (table_schema, table_name, job_id) values ('public', 'u', gen_random_uuid())`,
  );

  await expect(s.decideAll({ side: 'source' }, ordered)).rejects.toMatchObject({ code: 'target_busy' });
  const told = ordered.map((c) => s.store.all.get(c.conflict_id)?.state);
  await sql(s.pair, 'target', `delete from tf_sync.lease where table_name = 'u'`);
  const rest = await s.decideAll({ side: 'source' }, ordered);

  expect(told).toEqual(['resolved', 'resolved', 'resolved', 'open']);
  expect([...rest.values()].map((d) => d instanceof SyncError || d.outcome)).toEqual(Array(4).fill('applied'));
  const events = (await eventsOf(s.p.audit, s.job.job_id)).filter((e) => e.type === 'conflict.resolved');
  expect(events).toHaveLength(4);
});

test('rows too many for one batch go in several, and those behind the deadline are left', async () => {
  await using s = await disputed(async (pair) => {
    await sql(pair, 'source', `update t set note = repeat(md5(id::text), 90000) where id <= 6`); // 2.9 MB each
    await sql(pair, 'target', `update t set qty = 77, note = 'y' where id <= 6`);
  }, 6);
  let looks = 0;

  const some = await applyDecisions(s.requests({ side: 'source' }), s.p, () => ++looks <= 2); // the job, then one batch
  const rest = await s.decideAll({ side: 'source' });

  expect(some.size).toBe(2);
  expect([...rest.values()].map((d) => d instanceof SyncError || d.outcome)).toEqual(Array(6).fill('applied'));
  expect(summary(await compareDatabases(s.pair.source.client, s.pair.target.client))).toEqual({});
});
