import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { CANARY } from '../support/canaries.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { auditEvents, type E2eService, hold, runNode, startService, until } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** Every row that anybody but a test's own session changes: a decision applied twice shows. */
const COUNTER = `
  create table writes (id int, how text);
  create function count_write() returns trigger language plpgsql as
    'begin insert into public.writes values (coalesce(new.id, old.id), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function count_write()`;

const MANUAL: Partial<JobConfig> = {
  conflict_strategy: 'manual',
  column_tags: { 'public.t.ssn': 'last4' },
};

/** Two equal tables that a job has compared; then both sides change the names of the first `count` rows. */
async function disputed(count: number): Promise<{ pair: TestPair; jobId: string }> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target]) {
    await client.query('create table t (id int primary key, name text, ssn text, note text)');
    await client.query(
      `insert into t select i, 'n' || i, '${CANARY}-45-' || 6000 + i, 'x' from generate_series(1, ${Math.max(400, count)}) i`,
    );
  }
  expect((await service.waitForEnd(await service.startFull(pair, MANUAL))).state).toBe('completed');
  await pair.source.client.query(
    `update t set name = 'source ' || id, ssn = '${CANARY}-99-' || 9000 + id where id <= ${count}`,
  );
  await pair.target.client.query(
    `update t set name = 'target ' || id, ssn = '${CANARY}-11-' || 1000 + id where id <= ${count}`,
  );
  await pair.target.client.query(COUNTER);
  const jobId = await service.startFull(pair, MANUAL);
  const ended = await service.waitForEnd(jobId);
  expect(ended.state).toBe('completed_with_issues');
  expect(ended.counts.conflicts).toBe(count);
  return { pair, jobId };
}

const equal = async (pair: TestPair) => {
  await pair.target.client.query('drop table if exists writes cascade');
  return summary(await compareDatabases(pair.source.client, pair.target.client));
};

const tfsync = (...args: string[]) =>
  runNode(['cli/tfsync.ts', '--url', service.url, '--token-file', join(service.dataDir, 'token'), ...args]);

test('a conflict is listed, looked at, refused when stale, and decided once', async () => {
  const { pair, jobId } = await disputed(1);
  await using _ = pair;
  const base = `/api/sync/conflicts/${jobId}`;

  const [listed] = (await service.get(base)).body.conflicts;
  const one = `${base}/${listed.conflict_id}`;
  const detail = await service.get(one);

  expect(listed).toMatchObject({ table: 'public.t', key: ['1'], state: 'open', changed: ['name', 'ssn'] });
  expect(JSON.stringify(listed)).not.toContain(CANARY);
  expect(detail.body.fields.slice(0, 2)).toMatchObject([
    { column: 'name', source: 'source 1', target: 'target 1', differs: true },
    { column: 'ssn', source: `${CANARY}-99-9001`, target: `${CANARY}-11-1001`, differs: true },
  ]);

  await pair.target.client.query(`update t set note = 'moved' where id = 1`);
  const stale = await service.post(`${one}/resolve`, { side: 'source', expected: detail.body.expected });
  expect([stale.status, stale.body.code]).toEqual([409, 'conflict_stale']);
  expect(stale.body.conflict.fields.map((f: { column: string }) => f.column)).toEqual(['name', 'ssn', 'note', 'id']);

  const decision = { fields: { name: { value: 'agreed' }, ssn: { side: 'source' }, note: { side: 'target' } } };
  const body = { ...decision, note: 'by phone', expected: stale.body.conflict.expected };
  const answers = await Promise.all([1, 2, 3].map(() => service.post(`${one}/resolve`, body)));
  const other = await service.post(`${one}/resolve`, { side: 'target', expected: body.expected });

  expect(answers.map((a) => a.status)).toEqual([200, 200, 200]);
  expect([other.status, other.body.code, other.body.facts.winner]).toEqual([409, 'already_resolved', 'merged']);
  const { rows } = await pair.target.client.query('select name, ssn, note from t where id = 1');
  expect(rows).toEqual([{ name: 'agreed', ssn: `${CANARY}-99-9001`, note: 'moved' }]);
  expect((await pair.target.client.query('select how, count(*)::int from writes group by 1')).rows).toEqual([
    { how: 'UPDATE', count: '2' }, // the test's own, and the decision
  ]);
  expect((await service.get(`${base}?status=open`)).body.conflicts).toEqual([]);
  expect((await service.get(one)).body).toMatchObject({ state: 'resolved', decision: { note: 'by phone' } });
  expect((await service.get(`/api/sync/conflicts/${jobId}/${'0'.repeat(32)}`)).body.code).toBe('conflict_not_found');
});

test('resolve-all survives the death of its worker, decides each conflict once, and leaves the databases equal', async () => {
  const { pair, jobId } = await disputed(3_000);
  await using _ = pair;
  const base = `/api/sync/conflicts/${jobId}`;
  const preview = await service.post(`${base}/resolve-all`, { side: 'source', preview: true });
  expect(preview.body).toEqual({ preview: true, count: 3_000 });
  const { rows } = await pair.target.client.query(
    'select key[1] as id from tf_sync.conflict order by data ->> $1, conflict_id offset 1600 limit 1',
    ['opened_at'],
  );

  await using middle = await hold(pair.target, `select from t where id = ${rows[0].id} for update`);
  const order = await service.post(`${base}/resolve-all`, { side: 'source', expected_count: 3_000, note: 'all' });
  expect(order.status).toBe(202);
  const worker = await until(
    'the resolver to hang in the middle',
    async () => {
      const waiting = await pair.target.client.query(
        `select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query ~ 'update'`,
        [pair.target.name],
      );
      const found = (await service.processes()).find((p) => /ResolveConflicts/.test(p.function) && p.busy);
      return waiting.rows.length > 0 ? found : undefined;
    },
    90_000,
  );
  const before = (await service.get(order.body.status_url)).body;
  process.kill(worker.pid, 'SIGKILL');
  await middle.release();

  const done = await until(
    'the order to end',
    async () => {
      const { body } = await service.get(order.body.status_url);
      return body.ended_at ? body : undefined;
    },
    120_000,
    200,
  );

  expect(before).toMatchObject({ state: 'deciding', listed: 3_000 });
  expect(before.counts.applied).toBeGreaterThanOrEqual(1_250); // some strides of 250 are noted, and the one that hangs is not
  expect(before.counts.applied).toBeLessThanOrEqual(1_500);
  expect(done).toMatchObject({
    state: 'completed',
    counts: { applied: 3_000, stale: 0, already_resolved: 0, failed: 0 },
  });
  const written = await pair.target.client.query(
    'select count(*)::text as n, count(distinct id)::text as ids from writes',
  );
  expect(written.rows).toEqual([{ n: '3000', ids: '3000' }]);
  const told = (await auditEvents(service, jobId)).filter((e) => e.type === 'conflict.resolved');
  expect(told).toHaveLength(3_000);
  expect(new Set(told.map((e) => e.data.conflict_id)).size).toBe(3_000);
  const verified = await tfsync('audit', 'verify', jobId);
  expect([verified.code, verified.stderr]).toEqual([0, '']); // nothing came behind what sealed the trail
  expect((await service.post(`${base}/resolve-all`, { side: 'source', preview: true })).body.count).toBe(0);
  expect(await equal(pair)).toEqual({});
}, 240_000);

test('an order that is cancelled while it decides leaves the rest open', async () => {
  const { pair, jobId } = await disputed(1_000);
  await using _ = pair;
  const base = `/api/sync/conflicts/${jobId}`;
  const { rows } = await pair.target.client.query(
    'select key[1] as id from tf_sync.conflict order by data ->> $1, conflict_id offset 400 limit 1',
    ['opened_at'],
  );
  await using middle = await hold(pair.target, `select from t where id = ${rows[0].id} for update`);
  const order = await service.post(`${base}/resolve-all`, { side: 'source', expected_count: 1_000 });
  await until('the second batch to hang', async () => {
    const waiting = await pair.target.client.query(
      `select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query ~ 'update'`,
      [pair.target.name],
    );
    return waiting.rows.length > 0;
  });

  const cancelled = await tfsync('cancel-resolve-all', jobId, order.body.resolution_id);
  await middle.release();
  const counted = await until('what was decided to be counted', async () => {
    const { body } = await service.get(order.body.status_url);
    return body.counts.applied > 250 ? body : undefined;
  });
  const open = (await service.post(`${base}/resolve-all`, { side: 'source', preview: true })).body.count;
  const written = await pair.target.client.query('select count(*)::text as n from writes');

  expect([cancelled.code, cancelled.stdout]).toEqual([0, expect.stringContaining('cancelled: 250 applied')]);
  expect(counted).toMatchObject({ state: 'cancelled', counts: { applied: 500, failed: 0 } });
  expect([open, written.rows[0].n]).toEqual([500, '500']);
}, 120_000);

test('the command line shows and decides conflicts', async () => {
  const { pair, jobId } = await disputed(3);
  await using _ = pair;
  await pair.source.client.query(`update t set name = E'\\x1b[31mred\\n=cmd()' where id = 2`);
  const { conflicts } = (await service.get(`/api/sync/conflicts/${jobId}`)).body;
  const listed = conflicts.find((c: { key: string[] }) => c.key[0] !== '2'); // in no order: all were opened at once

  const list = await tfsync('conflicts', jobId, '--status', 'open');
  const shown = await tfsync('conflict', jobId, listed.conflict_id);
  const decided = await tfsync('resolve', jobId, listed.conflict_id, '--source', '--note', 'cli');
  const rest = await tfsync('resolve-all', jobId, '--target', '--yes');

  expect([list.code, shown.code, decided.code, rest.code]).toEqual([0, 0, 0, 3]); // one has moved since it was listed
  expect(list.stdout).toContain(listed.conflict_id);
  expect(shown.stdout).toMatch(/BASE +SOURCE +TARGET/);
  expect(list.stdout + shown.stdout).not.toContain('\u001b');
  expect(rest.stdout).toContain('1 applied, 1 moved meanwhile');
  const [left] = (await service.get(`/api/sync/conflicts/${jobId}?status=open`)).body.conflicts;
  expect(left.key).toEqual(['2']);
  const moved = await tfsync('conflict', jobId, left.conflict_id);
  expect(moved.stdout).toContain('?[31mred?=cmd()'); // as it is now, and harmless
  expect(moved.stdout).not.toContain('\u001b');
  expect((await tfsync('resolve', jobId, left.conflict_id, '--target')).code).toBe(0);
  expect((await service.get(`/api/sync/conflicts/${jobId}?status=open`)).body.conflicts).toEqual([]);
});
