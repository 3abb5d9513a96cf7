import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { createPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

test('columns are computed by expressions; a row whose value does not fit goes into quarantine', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`create table item (id int primary key, n int, name text);
    insert into item select i, i, 'n' || i from generate_series(1, 50) i; update item set n = 40000 where id = 7`);
  await pair.target.client.query(`create table thing (id int primary key, twice smallint, label text)`);
  const columns = { twice: { expression: 'n * 2' }, label: { expression: 'name + "!"' } };
  const config = { mapping: { 'public.thing': { from: 'public.item', columns } } } as unknown as Partial<JobConfig>;

  const first = await runJob(pair, config);
  const second = await runJob(pair, config);

  expect(first.job.failure).toBeUndefined();
  expect(first.counts).toMatchObject({ inserted: 49, quarantined: 1 });
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: 49 });
  expect((await pair.target.client.query('select twice, label from thing where id = 5')).rows).toEqual([
    { twice: '10', label: 'n5!' },
  ]);
});
