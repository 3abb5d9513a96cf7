import { expect, test } from 'vitest';
import type { ConflictDecision } from '../../lib/model/conflict.ts';
import { describeConflict } from '../../lib/orchestrator/describe-conflict.ts';
import { applyDecision, conflictImages } from '../../lib/orchestrator/resolve-conflict.ts';
import { drawShapes, readLabels } from '../../lib/postgres/deciding-databases.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob } from '../support/in-process.ts';
import { toldConflicts } from '../support/memory-conflicts.ts';
import { eventsOf } from '../support/trail.ts';

const TABLE = `create table t (id int primary key, name text, phone text, qty int check (qty >= 0), updated_at timestamptz)`;
const ROWS = `insert into t select i, 'n' || i, 'p' || i, i, '2024-01-01' from generate_series(1, 10) i`;

const sql = (pair: TestPair, side: 'source' | 'target', text: string) => pair[side].client.query(text);
const rowOf = async (pair: TestPair, side: 'source' | 'target', id: number) =>
  (await sql(pair, side, `select name, phone, qty from t where id = ${id}`)).rows[0];

type Config = NonNullable<Parameters<typeof runJob>[1]>;

/** Two equal tables, and a way to run one job after another with one audit log, one store and one set of connections. */
async function service(config: Config = { conflict_strategy: 'manual' }) {
  const pair = await createPair();
  for (const side of ['source', 'target'] as const) await sql(pair, side, TABLE);
  await sql(pair, 'source', ROWS);
  const store = toldConflicts();
  const p = { ...ports(), conflicts: store };
  const run = (more: Config = {}) => runJob(pair, { max_delete_percent: 100, ...config, ...more }, {}, p);
  await run();
  const open = () => [...store.all.values()].filter((c) => c.state === 'open');
  const one = () => {
    const [c] = open();
    if (!c) throw new Error('no conflict is open');
    return c;
  };
  const decide = (decision: ConflictDecision, c = one()) =>
    applyDecision({ conflict: c, decision, expected: c.prints, actor: 'ada' }, p);
  return { pair, p, run, store, open, one, decide, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
}

/** Both sides change the name of row 1. */
async function disagree(pair: TestPair, n = 1): Promise<void> {
  await sql(pair, 'source', `update t set name = 'source ${n}' where id = 1`);
  await sql(pair, 'target', `update t set name = 'target ${n}' where id = 1`);
}

test('two later good runs leave an open conflict open, refreshed, and resolvable', async () => {
  await using s = await service();
  await disagree(s.pair);
  const first = await s.run();
  const met = s.one();
  const second = await s.run();
  await sql(s.pair, 'source', `update t set name = 'source 2' where id = 1`);
  await sql(s.pair, 'source', `update t set name = 'other' where id = 2`);
  const third = await s.run();
  const now = s.one();
  const stale = await s.decide({ side: 'source' }, { ...now, prints: met.prints });
  const outcome = await s.decide({ side: 'source' });
  const fourth = await s.run();

  expect([first, second, third, fourth].map((o) => o.job.state)).toEqual([
    ...Array(3).fill('completed_with_issues'),
    'completed',
  ]);
  expect([first, second, third, fourth].map((o) => o.counts.conflicts)).toEqual([1, 1, 1, 0]);
  expect(now).toMatchObject({
    conflict_id: met.conflict_id,
    type: 'update_differing',
    opened_by: first.job.job_id,
    seen_by: third.job.job_id,
    opened_at: met.opened_at,
    changed: ['name'],
    preview: [{ column: 'name', source: 'source 2', target: 'target 1' }],
  });
  expect(now.version).toBeGreaterThan(met.version);
  expect(stale.outcome).toBe('stale');
  expect(outcome).toMatchObject({ outcome: 'applied', conflict: { state: 'resolved', decision: { actor: 'ada' } } });
  expect(await rowOf(s.pair, 'target', 1)).toMatchObject({ name: 'source 2' });
  expect(fourth.counts).toMatchObject({ unchanged: 10, read: 10 });
});

test('a decision for the target stands in later runs, until the source changes the row again', async () => {
  await using s = await service();
  await disagree(s.pair);
  await s.run();
  await s.decide({ side: 'target' });
  const quiet = await s.run();
  await sql(s.pair, 'source', `update t set phone = 'new' where id = 1`);
  const other = await s.run();
  const merged = await rowOf(s.pair, 'target', 1);
  await sql(s.pair, 'source', `update t set name = 'source 2' where id = 1`);
  const again = await s.run();

  expect(quiet.counts).toMatchObject({ unchanged: 9, kept: 1, conflicts: 0 });
  expect(quiet.job.state).toBe('completed');
  expect(other.counts).toMatchObject({ updated: 1, conflicts: 0 });
  expect(merged).toEqual({ name: 'target 1', phone: 'new', qty: '1' });
  expect(again.counts).toMatchObject({ conflicts: 1 });
  expect(s.one().state).toBe('open');
});

test('a decision column by column takes sides and values, and is refused where it does not fit', async () => {
  await using s = await service();
  await sql(s.pair, 'source', `update t set name = 's', phone = 's', qty = 5 where id = 1`);
  await sql(s.pair, 'target', `update t set name = 't', phone = 't', qty = 6 where id = 1`);
  await s.run();
  const name = { side: 'source' as const };
  const refused = async (fields: Record<string, { side: 'source' | 'target' } | { value: string | null }>) =>
    (await s.decide({ fields }).catch((e: unknown) => e)) as { code: string };

  expect(await refused({ name })).toMatchObject({ code: 'decision_invalid' });
  expect(await refused({ name: { value: 's' }, phone: name, qty: { value: 'many' } })).toMatchObject({
    code: 'decision_invalid',
    message: expect.stringContaining('given for qty'),
    problems: [{ object: 'qty', field: '/fields/qty/value', message: 'the value does not fit the type int4' }],
  });
  expect(await refused({ name, phone: name, qty: { value: '-1' } })).toMatchObject({ code: 'row_rejected' });
  expect(await refused({ name, phone: name, qty: name, no: name })).toMatchObject({ code: 'decision_invalid' });
  expect(await refused({ name, phone: name, qty: name, id: { value: '7' } })).toMatchObject({
    code: 'decision_invalid',
  });
  expect(s.open()).toHaveLength(1);
  expect(await s.decide({ fields: { name, phone: { side: 'target' }, qty: { value: '7' } } })).toMatchObject({
    outcome: 'applied',
    conflict: { decision: { winner: 'merged', fields: { name: 'source', phone: 'target', qty: 'value' } } },
  });
  expect(await rowOf(s.pair, 'target', 1)).toEqual({ name: 's', phone: 't', qty: '7' });
  expect((await s.run()).counts).toMatchObject({ kept: 1, conflicts: 0, unchanged: 9 });
});

test('of a domain the type behind it is told, of an enum its labels, and what the domain refuses is told by its column', async () => {
  await using s = await service();
  for (const side of ['source', 'target'] as const)
    await sql(
      s.pair,
      side,
      `create domain worth as numeric check (value >= 0); create type stage as enum ('draft', 'final');
       create domain phase as stage; alter table t add worth worth, add phase phase;
       update t set worth = ${side.length + side.charCodeAt(0)}, phase = '${side === 'source' ? 'draft' : 'final'}' where id = 1`,
    );
  await s.run();
  const detail = await describeConflict(
    s.one(),
    { seesMasked: true },
    { ...s.p, draw: drawShapes, labels: readLabels },
  );
  const types = detail.fields
    .filter((f) => f.differs)
    .map(({ column, base_type, labels }) => [column, base_type, labels]);
  const decide = (worth: string) => s.decide({ fields: { worth: { value: worth }, phase: { side: 'source' } } });
  const refused = await decide('-1').catch((e: unknown) => e);

  expect(types).toEqual([
    ['worth', 'numeric', undefined],
    ['phase', undefined, ['draft', 'final']],
  ]);
  expect(refused).toMatchObject({ code: 'decision_invalid', problems: [{ object: 'worth' }] });
  expect(await decide('1')).toMatchObject({ outcome: 'applied' });
});

test('newer_wins as a decision takes the newer row, whatever rule the job had, and is refused where nothing says which it is', async () => {
  await using s = await service();
  for (const [side, id, at] of [
    ['source', 1, '2026-01-01'],
    ['target', 1, '2026-11-01'],
    ['source', 2, '2026-11-01'],
    ['target', 2, '2026-01-01'],
  ] as const)
    await sql(s.pair, side, `update t set name = '${side}', updated_at = '${at}' where id = ${id}`);
  await s.run();
  const newer = { strategy: 'newer_wins' };
  const decided = [];
  for (const c of s.open()) decided.push(await s.decide(newer, c));
  await disagree(s.pair);
  await s.run({ columns: { 'public.t': { exclude: ['updated_at'] } } });
  const blind = s.decide(newer);

  expect(decided.map((d) => 'conflict' in d && d.conflict.decision?.rule)).toEqual(Array(2).fill('newer_wins/later'));
  await expect(blind).rejects.toMatchObject({
    code: 'decision_invalid',
    message: expect.stringContaining('no update column of public.t'),
  });
  expect(await rowOf(s.pair, 'target', 1)).toMatchObject({ name: 'target 1' });
  expect(await rowOf(s.pair, 'target', 2)).toMatchObject({ name: 'source' });
});

test('of ten that decide at once, one wins; the others learn who it was; the same answer again is the same', async () => {
  await using s = await service();
  await disagree(s.pair);
  await s.run();
  const c = s.one();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      s.decide(i % 2 === 0 ? { side: 'target' } : { fields: { name: { value: `v${i}` } } }, c),
    ),
  );
  const applied = answers.filter((a) => a.outcome === 'applied');
  const winner = answers.find((a) => a.outcome === 'applied');
  const name = (await rowOf(s.pair, 'target', 1)).name as string;
  const asked: ConflictDecision = name === 'target 1' ? { side: 'target' } : { fields: { name: { value: name } } };
  const before = await rowOf(s.pair, 'target', 1);
  const again = await s.decide(asked, c);

  expect(new Set(applied.map((a) => JSON.stringify(a.conflict.decision))).size).toBe(1);
  for (const a of answers) expect(['applied', 'already_resolved', 'stale']).toContain(a.outcome);
  expect(again).toEqual({ outcome: 'applied', conflict: winner?.conflict });
  expect(await s.decide({ side: 'source' }, c)).toMatchObject({ outcome: 'already_resolved' });
  expect(await rowOf(s.pair, 'target', 1)).toEqual(before);
});

test('conflicts close by themselves when both sides agree, or when one of them goes back', async () => {
  await using s = await service();
  await sql(s.pair, 'source', `update t set name = 's' where id in (1, 2)`);
  await sql(s.pair, 'target', `update t set name = 't' where id in (1, 2)`);
  await s.run();
  await sql(s.pair, 'target', `update t set name = 's' where id = 1`);
  await sql(s.pair, 'source', `update t set name = 'n2' where id = 2`);
  const later = await s.run();
  const states = Object.fromEntries([...s.store.all.values()].map((c) => [c.key.join(), c.state]));

  expect(states).toEqual({ 1: 'converged', 2: 'superseded' });
  expect(later.counts).toMatchObject({ unchanged: 9, kept: 1, conflicts: 0 });
  expect(later.job.state).toBe('completed');
  const left = await s.pair.target.client.query('select count(*) as n from tf_sync.conflict');
  expect(left.rows[0]?.n).toBe('0');
});

test('a delete that meets an edit waits, and either answer is carried out', async () => {
  await using s = await service();
  for (const id of [1, 2, 3]) {
    await sql(s.pair, 'source', `delete from t where id = ${id}`);
    await sql(s.pair, 'target', `update t set name = 'mine' where id = ${id}`);
  }
  await sql(s.pair, 'target', 'delete from t where id = 4');
  await sql(s.pair, 'source', `update t set name = 'changed' where id = 4`);
  const met = await s.run();
  const of = (id: number) => {
    const found = s.open().find((c) => c.key[0] === String(id));
    if (!found) throw new Error(`no conflict about ${id}`);
    return found;
  };
  expect(met.counts).toMatchObject({ conflicts: 4, deleted: 0 });
  expect([1, 2, 3, 4].map((id) => of(id).type)).toEqual([...Array(3).fill('delete_updated'), 'update_deleted']);
  for (const [id, side] of [
    [1, 'source'],
    [2, 'target'],
    [4, 'source'],
  ] as const)
    expect(await s.decide({ side }, of(id))).toMatchObject({ outcome: 'applied' });
  const later = await s.run();

  expect(await rowOf(s.pair, 'target', 1)).toBeUndefined();
  expect(await rowOf(s.pair, 'target', 2)).toMatchObject({ name: 'mine' });
  expect(await rowOf(s.pair, 'target', 4)).toMatchObject({ name: 'changed' });
  expect(later.counts).toMatchObject({ conflicts: 1, kept: 1, unchanged: 7 });
});

test('what was before is said to be unknown, and equal rows are adopted in silence, after another job or another mapping', async () => {
  await using s = await service({});
  await disagree(s.pair);
  const unknown = await s.run({ conflict_strategy: 'manual' });
  const reason = s.one().reason;
  await sql(s.pair, 'target', `update t set name = 'mine' where id = 2`);
  const known = await s.run({ conflict_strategy: 'manual' });
  const still = s.one();
  const mapped = await s.run({ conflict_strategy: 'manual', columns: { 'public.t': { exclude: ['phone'] } } });

  expect(unknown.counts).toMatchObject({ conflicts: 1, unchanged: 9 });
  expect(reason).toContain('What the row was before is not known.');
  expect(still).toMatchObject({ type: 'update_differing', reason });
  expect(known.counts).toMatchObject({ conflicts: 1, kept: 1, unchanged: 8 });
  expect(mapped.counts).toMatchObject({ conflicts: 2, unchanged: 8 });
});

test('the detail shows both rows and the values of the last decision, where they are kept', async () => {
  const rules = { 'public.t': { keep_images: true } };
  await using s = await service({ conflict_strategy: 'manual', conflict_rules: rules });
  await disagree(s.pair);
  await s.run();
  await sql(s.pair, 'target', `update t set qty = 8 where id = 1`);

  expect(await conflictImages(s.one(), s.p)).toMatchObject({
    columns: [{ name: 'id' }, { name: 'name' }, { name: 'phone' }, { name: 'qty' }, { name: 'updated_at' }],
    source: { values: ['1', 'source 1', 'p1', '1', '2024-01-01 00:00:00+00'] },
    target: { values: ['1', 'target 1', 'p1', '8', '2024-01-01 00:00:00+00'] },
    base: { values: ['1', 'n1', 'p1', '1', '2024-01-01 00:00:00+00'] },
    changed: ['name', 'qty'],
  });
});

test('a tagged column is masked in the list', async () => {
  const column_tags = {
    'public.t.name': 'last4' as const,
    'public.t.phone': 'hash' as const,
    'public.t.qty': 'null' as const,
  };
  await using s = await service({ conflict_strategy: 'manual', column_tags });
  for (const side of ['source', 'target'] as const)
    await sql(
      s.pair,
      side,
      `update t set name = 'canary-${side}', phone = 'canary-${side}', qty = length('${side}x') where id = 1`,
    );
  await sql(s.pair, 'source', 'update t set qty = 99 where id = 1');
  const { p, run, one } = s;
  const run0 = await run();

  expect(one().preview).toMatchObject([
    { column: 'name', source: '…urce', target: '…rget', masked: true },
    { column: 'phone', source: expect.stringMatching(/^[0-9a-f]{12}$/), masked: true },
    { column: 'qty', source: null, target: null, masked: true },
  ]);
  const told = JSON.stringify([one(), await eventsOf(p.audit, one().seen_by), p.log.lines]);
  expect(told).not.toContain('canary-');
  await s.decide({ fields: { name: { value: 'canary-typed' }, phone: { side: 'source' }, qty: { side: 'source' } } });
  const after = JSON.stringify([[...s.store.all.values()], await eventsOf(p.audit, run0.job.job_id), p.log.lines]);
  expect(after).toContain('conflict.resolved');
  expect(after).not.toContain('canary-');
});

test('decisions by rule are in the audit trail with what they looked at, and not at the level minimal', async () => {
  for (const audit_level of ['standard', 'minimal'] as const) {
    await using s = await service({ conflict_strategy: 'newer_wins', audit_level });
    await sql(s.pair, 'source', `update t set name = 's', updated_at = '2024-02-01' where id = 1`);
    await sql(s.pair, 'target', `update t set name = 't', updated_at = '2024-03-01' where id = 1`);
    const { job, counts } = await s.run();
    const events = (await eventsOf(s.p.audit, job.job_id)).filter((e) => e.type === 'conflict.decided');

    expect(counts).toMatchObject({ kept: 1, conflicts: 0, unchanged: 9 });
    expect(await rowOf(s.pair, 'target', 1)).toMatchObject({ name: 't' });
    if (audit_level === 'minimal') expect(events).toEqual([]);
    else
      expect(events).toMatchObject([
        {
          data: {
            rule: 'newer_wins/later',
            winner: 'target',
            type: 'update_differing',
            inputs: { clocks: { source: '2024-02-01T00:00:00.000Z', target: '2024-03-01T00:00:00.000Z' } },
          },
        },
      ]);
  }
});
