import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { auditEvents, startService } from './support.ts';

test('a job that follows the log goes through its step over the whole service, and the status tells of the slot; the pair can be dropped', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 50) i`);
  await using service = await startService();

  const first = await service.waitForEnd(await service.startFull(pair, { detection_strategy: 'cdc' }));
  await pair.source.client.query(`update t set x = 'new' where id < 4`);
  const second = await service.waitForEnd(await service.startFull(pair, { detection_strategy: 'cdc' }));

  const ends = { source_connection: pair.source.url, target_connection: pair.target.url };
  const listed = await service.post('/api/sync/pairs/slots', { source_connection: pair.source.url });
  const look = await service.post('/api/sync/pairs/drop', ends);
  const dropped = await service.post('/api/sync/pairs/drop', { ...ends, pair: look.body.pair, confirm: true });
  const { rows } = await pair.source.client.query(
    'select 1 from pg_replication_slots where database = current_database() union all select 1 from pg_publication',
  );

  expect(first).toMatchObject({
    state: 'completed',
    changes: { slot: expect.stringMatching(/^tfsync_/), created: true },
  });
  expect(second).toMatchObject({ state: 'completed', changes: { transactions: 1, changes: 3, lag_seconds: 0 } });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  expect(listed.body.slots).toContainEqual(
    expect.objectContaining({
      slot: look.body.pair,
      concerns: [],
      last_job: expect.objectContaining({ state: 'completed' }),
    }),
  );
  expect(look.body).toMatchObject({ confirmed: false, target: { had: { jobs: 2 } } });
  expect(dropped.body).toMatchObject({ complete: true, source: { state: 'dropped' }, target: { state: 'dropped' } });
  expect(rows).toEqual([]);
  expect((await auditEvents(service, `pair#${look.body.pair}`)).map((e) => e.type)).toEqual(['pair.dropped']);
});

test('a transaction of a million changes is drained by the function as it is deployed, with 256 MB and within 60 s', {
  timeout: 240_000,
}, async () => {
  // only few rows take part, so that the test is about the log
  const config = {
    detection_strategy: 'cdc',
    filters: { 'public.t': [{ column: 'id', op: 'lt' as const, value: 100 }] },
  };
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x int)');
  await using service = await startService();
  await service.waitForEnd(await service.startFull(pair, config));
  await pair.source.client.query('insert into t select i, 0 from generate_series(1, 1000000) i');

  const jobId = await service.startIncremental(pair, config);
  const job = await service.waitForEnd(jobId, 120_000);
  const at = new Map((await auditEvents(service, jobId)).map((e) => [e.type, Date.parse(e.at)]));
  const seconds = ((at.get('changes.drained') ?? Number.NaN) - (at.get('job.prepared') ?? 0)) / 1000;
  const output = service.output();

  expect(job).toMatchObject({ state: 'completed', counts: { inserted: 99 } });
  expect(job.changes).toMatchObject({ transactions: 1, changes: 1_000_000 });
  expect(job.tables[0]?.whole).toBe('too_many_changes'); // more than 200,000 keys were told
  expect(job).not.toHaveProperty('healing'); // nothing was killed and tried again
  expect(output).not.toMatch(/follow-changes used more than/);
  expect(seconds).toBeLessThan(60);
});
