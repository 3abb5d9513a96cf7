import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JobMode } from '../../lib/model/job.ts';
import { retryQuarantine } from '../../lib/orchestrator/retry-quarantine.ts';
import { quarantineDatabases } from '../../lib/postgres/quarantine-databases.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob, run as runStarted } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const MAPPED = {
  detection_strategy: 'cdc',
  mapping: {
    'public.lots': {
      from: 'public.parcels',
      unnamed: 'same_name' as const,
      columns: { no: 'parcel_no', area: { expression: 'row.sqft * 2' } },
    },
  },
};

const run = (pair: TestPair, mode: JobMode, config: Parameters<typeof runJob>[1] = {}) =>
  runJob(pair, { ...MAPPED, ...config }, {}, ports(), mode);

const lots = async (pair: TestPair) =>
  (await pair.target.client.query(`select no || ' ' || area as lot from lots order by no`)).rows.map((r) => r.lot);

async function county(): Promise<TestPair> {
  const pair = await createPair();
  await pair.source.client.query(`create table parcels (sqft int not null, parcel_no text primary key);
    insert into parcels values (1, 'a'), (2, 'b'), (3, 'c')`);
  await pair.target.client.query('create table lots (no text primary key, area int not null check (area < 100))');
  expect((await run(pair, 'full')).job.state).toBe('completed');
  return pair;
}

test('the log names keys of the source; rows arrive under the names and values of the mapping', async () => {
  await using pair = await county();
  await pair.source.client.query(`update parcels set sqft = 7 where parcel_no = 'a'; delete from parcels where parcel_no = 'b';
    insert into parcels values (4, 'd'); update parcels set parcel_no = 'e' where parcel_no = 'c'`);

  const { job, counts } = await run(pair, 'incremental');
  const quiet = await run(pair, 'incremental');

  expect(job.failure).toBeUndefined();
  expect(await lots(pair)).toEqual(['a 14', 'd 8', 'e 6']);
  expect(counts).toMatchObject({ inserted: 2, updated: 1, deleted: 2 });
  expect(quiet.counts).toMatchObject({ read: 0, inserted: 0, updated: 0, deleted: 0 });
});

test('another expression looks at every row, whatever the log says', async () => {
  await using pair = await county();
  const mapping = {
    'public.lots': {
      from: 'public.parcels',
      unnamed: 'same_name' as const,
      columns: { no: 'parcel_no', area: 'sqft' },
    },
  };

  const { job, counts } = await run(pair, 'incremental', { mapping });

  expect(job.failure).toBeUndefined();
  expect(counts.updated).toBe(3);
  expect(await lots(pair)).toEqual(['a 1', 'b 2', 'c 3']);
});

test('a row that is put aside waits in the stream until it goes in', async () => {
  await using pair = await county();
  await pair.source.client.query(`update parcels set sqft = 60 where parcel_no = 'a'`);
  const aside = await run(pair, 'incremental');
  const still = await run(pair, 'incremental');
  await pair.source.client.query('select 1');
  await pair.target.client.query('alter table lots drop constraint lots_area_check');
  const mended = await run(pair, 'incremental');

  expect([aside.counts.quarantined, still.counts.quarantined]).toEqual([1, 1]);
  expect(mended.job.state).toBe('completed');
  expect(await lots(pair)).toEqual(['a 120', 'b 4', 'c 6']);
});

test('a retry looks at the row put aside, and takes nothing from the stream', async () => {
  await using pair = await county();
  await pair.source.client.query(`update parcels set sqft = 60 where parcel_no = 'a'`);
  const aside = await run(pair, 'incremental');
  await pair.target.client.query('alter table lots drop constraint lots_area_check');
  await pair.source.client.query(`update parcels set sqft = 9 where parcel_no = 'b'`);

  const databases = quarantineDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  const request = { jobId: aside.job.job_id, retryId: randomUUID(), filter: {}, actor: 'somebody' };
  const { job } = await retryQuarantine(request, { ...aside.ports, databases });
  const retried = await runStarted(job, aside.ports);
  const between = await lots(pair);
  await run(pair, 'incremental');

  expect(retried.state).toBe('completed');
  expect(between).toEqual(['a 120', 'b 4', 'c 6']);
  expect(await lots(pair)).toEqual(['a 120', 'b 18', 'c 6']);
});
