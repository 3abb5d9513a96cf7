import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { startService } from './support.ts';

test('a job that follows the log goes through its step over the whole service, and the status tells of the slot', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 50) i`);
  await using service = await startService();

  const first = await service.waitForEnd(await service.startFull(pair, { detection_strategy: 'cdc' }));
  await pair.source.client.query(`update t set x = 'new' where id < 4`);
  const second = await service.waitForEnd(await service.startFull(pair, { detection_strategy: 'cdc' }));

  expect(first).toMatchObject({
    state: 'completed',
    changes: { slot: expect.stringMatching(/^tfsync_/), created: true },
  });
  expect(second).toMatchObject({ state: 'completed', changes: { transactions: 1, changes: 3, lag_seconds: 0 } });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
