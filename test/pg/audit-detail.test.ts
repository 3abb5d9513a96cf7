import { expect, test, vi } from 'vitest';
import { keyPrint } from '../../lib/audit/row-details.ts';
import type { AuditEvent } from '../../lib/model/audit-event.ts';
import type { AuditLevel } from '../../lib/model/audit-view.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { eventsOf, faultsOf } from '../support/trail.ts';

vi.setConfig({ testTimeout: 120_000 });

const CANARY = 'c4n4ry';

/** Rows to insert, to change, to delete and one that the target refuses; each value says that it is one. */
async function drifted(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id text primary key, owner text, x int)');
  await pair.target.client.query('alter table t add constraint small check (x < 1000)');
  await pair.source.client.query(
    `insert into t select '${CANARY}-k' || i, case when i % 5 = 0 then null else '${CANARY} owner ' || i end, case when i = 77 then 5000 else i end from generate_series(1, 300) i`,
  );
  await pair.target.client.query(
    `insert into t select '${CANARY}-k' || i, '${CANARY} old', i from generate_series(1, 100) i where i <> 77`,
  );
  await pair.target.client.query(`insert into t values ('${CANARY}-gone', '${CANARY} x', 1)`);
  return pair;
}

async function eventsAt(audit_level: AuditLevel, config: object = {}) {
  await using pair = await drifted();
  const { job, ports } = await runJob(pair, { audit_level, delete_mode: 'mirror', batch_size: 100, ...config });
  expect(await faultsOf(ports.audit, job.job_id)).toEqual([]);
  return { job, events: await eventsOf(ports.audit, job.job_id) };
}

interface Row {
  readonly op: string;
  readonly key: string;
  readonly before?: string | null;
  readonly after?: string | null;
  readonly values?: Readonly<Record<string, string | null>>;
}

const rowsIn = (events: readonly AuditEvent[]) =>
  events.filter((e) => e.type === 'rows.applied').flatMap((e) => e.data.rows as Row[]);

test('at level `detailed` every row is told once, with fingerprints and masked values, and no value or key', async () => {
  const { job, events } = await eventsAt('detailed');

  const rows = rowsIn(events);
  const by = Map.groupBy(rows, (r) => r.op);
  expect(job.state).toBe('completed_with_issues');
  expect(by.get('inserted')).toHaveLength(200);
  expect(by.get('updated')).toHaveLength(99);
  expect(by.get('deleted')).toHaveLength(1);
  expect(by.get('quarantined')).toEqual([
    { op: 'quarantined', key: keyPrint('public.t', [`${CANARY}-k77`]), code: 'check_failed', object: 'small' },
  ]);
  expect(new Set(rows.map((r) => r.key)).size).toBe(rows.length);
  const changed = rows.find((r) => r.key === keyPrint('public.t', [`${CANARY}-k7`]));
  expect(changed).toEqual({
    op: 'updated',
    key: expect.any(String),
    before: expect.stringMatching(/^-?\d+:-?\d+$/),
    after: expect.stringMatching(/^-?\d+:-?\d+$/),
    values: { id: `text:${`${CANARY}-k7`.length}`, owner: `text:${`${CANARY} owner 7`.length}`, x: 'int4:1' },
  });
  expect(changed?.before).not.toBe(changed?.after);
  expect(by.get('inserted')?.every((r) => r.before === null && r.after)).toBe(true);
  expect(by.get('deleted')).toMatchObject([{ before: expect.any(String), after: null }]);
  expect(rows.some((r) => r.values?.owner === null)).toBe(true);
  expect(JSON.stringify(events)).not.toContain(CANARY);
});

test.each(['minimal', 'standard'] as const)('at level `%s` no row is told by itself', async (level) => {
  const { events } = await eventsAt(level);

  const types = new Set(events.map((e) => e.type));
  expect(rowsIn(events)).toEqual([]);
  expect(JSON.stringify(events)).not.toContain(CANARY);
  expect(types.has('rows.quarantined')).toBe(level === 'standard');
  expect(types.has('chunk.applied')).toBe(level === 'standard');
  expect([...types]).toEqual(expect.arrayContaining(['job.created', 'job.prepared', 'job.completed']));
});

test('rows put aside are told with their reasons; passes over a table begin and end once', async () => {
  const { events } = await eventsAt('standard');

  const aside = events.filter((e) => e.type === 'rows.quarantined').map((e) => e.data);
  expect(aside).toEqual([
    { table: 'public.t', pass: 'apply', segment: 0, rows: 1, codes: { check_failed: 1 }, objects: ['small'] },
  ]);
  const passes = (type: string) => events.filter((e) => e.type === type).map((e) => e.data.pass);
  expect(passes('table.started')).toEqual(['apply', 'delete', 'revisit', 'verify']);
  expect(passes('table.applied')).toEqual(['apply', 'delete', 'revisit', 'verify']);
  expect(events.find((e) => e.type === 'job.created')).toMatchObject({
    actor: 'tester',
    data: { config: { audit_level: 'standard', batch_size: 100 } },
  });
});

test('a dry run tells of no row that it did not write', async () => {
  const { events } = await eventsAt('detailed', { dry_run: true });

  expect(rowsIn(events)).toEqual([]);
});
